"""Text -> recipe: a YAML file, environment variables and options, each value traced to where it was written."""
