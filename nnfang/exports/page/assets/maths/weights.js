// θ as it stands in the page: base64 of float32 or float16, little-endian.

/** Bytes of base64. */
export function decodeBase64(text) {
  return Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
}

/** θ (size,) of its bytes. */
export function decodeWeights(text, type) {
  const view = new DataView(decodeBase64(text).buffer);
  if (type === "float32") {
    return Float32Array.from({ length: view.byteLength / 4 }, (_, i) => view.getFloat32(4 * i, true));
  }
  return Float32Array.from({ length: view.byteLength / 2 }, (_, i) => toNumber(view.getUint16(2 * i, true)));
}

/** A number of 16 bits: IEEE 754's binary16. */
function toNumber(bits) {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}
