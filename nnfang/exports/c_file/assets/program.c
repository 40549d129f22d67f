/* Compare what is predicted here for test vectors, which were made up, with what nnfang predicted for them.
   Sums may be rounded otherwise: 1,000 times the precision is allowed. Returns whether all are as they were. */
static int test(void)
{
    const double tolerance = 1000 * (double)FLT_EPSILON;
    double largest = 0;
    int right = 0;

    for (int k = 0; k < NNFANG_TEST_VECTORS; k++) {
        float outputs[NNFANG_CLASSES];
        double scale = 1;
        int is_right = 1;

        nnfang_predict(&test_vectors[(long)NNFANG_INPUTS * k], outputs);
        for (int i = 0; i < NNFANG_CLASSES; i++)
            scale = fmax(scale, fabs((double)expected[NNFANG_CLASSES * k + i]));
        for (int i = 0; i < NNFANG_CLASSES; i++) {
            const double difference = fabs((double)outputs[i] - (double)expected[NNFANG_CLASSES * k + i]);

            is_right &= difference <= tolerance * scale; /* which what is not a number is not */
            largest = fmax(largest, difference);
        }
        right += is_right;
    }
    printf("test vectors  %d of %d as when exported; largest difference %.1g\n", right, NNFANG_TEST_VECTORS,
           largest);
    return right == NNFANG_TEST_VECTORS;
}

/* The exit code is 0 if all went well, 1 if something could not be read or the test failed, 2 if nothing was asked. */
int main(int argc, char **argv)
{
    int is_well = 1;

    if (argc == 2 && strcmp(argv[1], "--test") == 0)
        is_well = test();
    else if (argc < 2 || strcmp(argv[1], "--help") == 0)
        fprintf(argc < 2 ? stderr : stdout, usage, {{ size }});
    else
        for (int i = 1; i < argc; i++)
            is_well &= classify(argv[i]);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("Error: standard output cannot be written\n", stderr);
        return 1;
    }
    return argc < 2 ? 2 : !is_well;
}
