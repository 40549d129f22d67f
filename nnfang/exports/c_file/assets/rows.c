static const char usage[] =
    "Classify rows of %d numbers: text with one row on a line, its numbers apart by commas, semicolons or spaces.\n"
    "They have to be those that the network was trained on; what was bytes there must be divided by 255 here.\n"
    "\n"
    "    PROGRAM TABLE.csv ...   classify each line of each file; - is standard input\n"
    "    PROGRAM --test          check the network with test vectors\n";

static int is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_space(const char *place)
{
    while (is_space(*place))
        place++;
    return place;
}

/* The finite numbers of a line; returns how many there are, more than fit into the row included, or -1 for others. */
static long read_row(const char *place, float *row)
{
    for (long count = 1;; count++) {
        char *end;
        const float number = strtof(place, &end);

        if (end == place || !isfinite(number) || !(is_space(*end) || strchr(",;", *end)))
            return -1;
        if (count <= NNFANG_INPUTS)
            row[count - 1] = number;
        place = skip_space(end);
        if (*place == '\0')
            return count;
        if (*place == ',' || *place == ';')
            place = skip_space(place + 1);
    }
}

/* Say what the class of a line is; returns whether it could be read. A line without anything has none. */
static int classify_line(const char *name, long number, const char *line)
{
    static float features[NNFANG_INPUTS];
    float outputs[NNFANG_CLASSES];
    long count;

    if (*skip_space(line) == '\0')
        return 1;
    count = read_row(line, features);
    if (count < 0)
        return fail(name, number, "something is not a finite number; the network takes %d", NNFANG_INPUTS);
    if (count != NNFANG_INPUTS)
        return fail(name, number, "found %ld numbers; the network takes %d", count, NNFANG_INPUTS);
    report(name, number, nnfang_predict(features, outputs), outputs);
    return 1;
}

/* Say what the classes of the lines of a file are; returns whether all could be read. */
static int classify(const char *name)
{
    static char line[64L * NNFANG_INPUTS + 1024];
    FILE *file = open_file(name);
    int are_read = 1;

    if (file == NULL)
        return 0;
    for (long number = 1; are_read >= 0 && fgets(line, sizeof line, file) != NULL; number++)
        if (strchr(line, '\n') == NULL && !feof(file)) {
            fail(name, number, "is no text, or a line is longer than %ld characters", (long)sizeof line - 2);
            are_read = -1;
        } else if (!classify_line(name, number, line)) {
            are_read = 0;
        }
    if (ferror(file))
        are_read = fail(name, 0, "%s", strerror(errno));
    close_file(file);
    return are_read > 0;
}
