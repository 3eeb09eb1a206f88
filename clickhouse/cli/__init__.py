"""The command line: arguments, tables and messages. Imports all rooms below."""
