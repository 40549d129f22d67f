static const char usage[] =
    "Say what images of %d x %d pixels show. They have to look like those that the network was trained on.\n"
    "\n"
    "    PROGRAM IMAGE.pgm ...   say what each shows; - is standard input\n"
    "    PROGRAM --test          check the network with test vectors\n";

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next character; a comment, from # to the end of the line, is one line break. */
static int read_character(FILE *file)
{
    int c = getc(file);

    if (c == '#')
        do
            c = getc(file);
        while (c != EOF && c != '\n' && c != '\r');
    return c;
}

/* A number after white space, and the one character of white space that ends it; -1 if there is none. */
static long read_number(FILE *file)
{
    long number = 0;
    int c;

    do
        c = read_character(file);
    while (is_space(c));
    if (c < '0' || c > '9')
        return -1;
    for (; c >= '0' && c <= '9'; c = read_character(file))
        if (number < 100000000) /* more digits make no sense, and do not fit */
            number = 10 * number + (c - '0');
    return is_space(c) || c == EOF ? number : -1;
}

/* A pixel of binary PGM: a byte, or two if maxval does not fit into one, the higher first; -1 if there is none. */
static long read_sample(FILE *file, long maxval)
{
    const int high = maxval > 255 ? getc(file) : 0, low = getc(file);

    return high == EOF || low == EOF ? -1 : 256L * high + low;
}

/* The pixels of a PGM (https://netpbm.sourceforge.net/doc/pgm.html), P5 or P2, as bytes; returns whether they are. */
static int read_pgm(const char *name, FILE *file, unsigned char *pixels)
{
    const int first = getc(file), kind = getc(file), gap = read_character(file);
    const long width = read_number(file), height = read_number(file), maxval = read_number(file);

    if (ferror(file))
        return fail(name, 0, "%s", strerror(errno));
    if (first != 'P' || (kind != '2' && kind != '5') || !is_space(gap))
        return fail(name, 0, "not a PGM, which begins with P5 or P2");
    if (width < 0 || height < 0 || maxval < 0)
        return fail(name, 0, "damaged: P%c is not followed by width, height and maxval", kind);
    if (width != NNFANG_WIDTH || height != NNFANG_HEIGHT)
        return fail(name, 0, "has %ld x %ld pixels, the network takes %d x %d", width, height, NNFANG_WIDTH,
                    NNFANG_HEIGHT);
    if (maxval < 1 || maxval > 65535)
        return fail(name, 0, "maxval is %ld, not 1 to 65535", maxval);
    for (long i = 0; i < NNFANG_INPUTS; i++) {
        const long value = kind == '5' ? read_sample(file, maxval) : read_number(file);

        if (value < 0)
            return fail(name, 0, "damaged: %ld of %ld pixels, then %s", i, (long)NNFANG_INPUTS,
                        feof(file) ? "it ends" : "no number");
        if (value > maxval)
            return fail(name, 0, "damaged: pixel %ld is %ld, more than its maxval %ld", i + 1, value, maxval);
        pixels[i] = (unsigned char)((255 * value + maxval / 2) / maxval);
    }
    return 1;
}

/* Say what an image shows; returns whether it could be read. */
static int classify(const char *name)
{
    static unsigned char pixels[NNFANG_INPUTS];
    float outputs[NNFANG_CLASSES];
    FILE *file = open_file(name);
    int is_read;

    if (file == NULL)
        return 0;
    is_read = read_pgm(name, file, pixels);
    if (is_read)
        report(name, 0, nnfang_predict(pixels, outputs), outputs);
    close_file(file);
    return is_read;
}
