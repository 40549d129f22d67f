// Activations Q (eq. 2) and their derivatives (eq. 38): nnfang/core/activations.py.

const LEAK = 0.01;
const [GELU_SCALE, GELU_CUBIC] = [2 * Math.sqrt(2 / Math.PI), 0.044715];

const sigmoid = (z) => (1 + Math.tanh(z / 2)) / 2;
const geluGate = (z) => sigmoid(GELU_SCALE * (z + GELU_CUBIC * z ** 3));

/** Q(z), Q'(z) where a = Q(z) is known, and how Q is written, by the name of the activation. */
export const ACTIVATIONS = {
  linear: { value: (z) => z, slope: () => 1, text: "z" },
  relu: { value: (z) => Math.max(z, 0), slope: (z) => Number(z > 0), text: "max(z, 0)" },
  leaky_relu: { value: (z) => Math.max(z, LEAK * z), slope: (z) => (z > 0 ? 1 : LEAK), text: "max(z, z/100)" },
  sigmoid: { value: sigmoid, slope: (z, a) => a * (1 - a), text: "1 / (1 + e^−z)" },
  tanh: { value: Math.tanh, slope: (z, a) => 1 - a * a, text: "tanh z" },
  gelu: {
    value: (z) => z * geluGate(z),
    slope: (z, a) => 1 - (1 - geluGate(z)) * (1 - a * GELU_SCALE * (1 + 3 * GELU_CUBIC * z * z)),
    text: "z · sigmoid(2√(2/π) (z + 0.044715 z³))",
  },
};

/** ŷ_i = e^z_i / Σ_k e^z_k (eq. 7); the largest z is subtracted first, which changes nothing but cannot overflow. */
export function softmax(z) {
  const most = z.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = z.map((value) => Math.exp(value - most));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}
