"""Textual's styles of what is not drawn in lines: dialogs, inputs, tables and the palette of commands.

A list of options is drawn without ``reverse``, whatever its style says (Textual 8.2.8): underlined, where there are no
colours, is the row under the cursor.
"""

STYLES = """
Screen { background: $background; color: $foreground; }
CommandPalette > .command-palette--help-text { text-style: not bold; }
CommandPalette SearchIcon { display: none; }
Input > .input--placeholder { color: $muted; }
Input:ansi { color: $foreground; background: $background; }
Input:ansi > .input--placeholder { color: $foreground; text-style: italic; }
DataTable:ansi > .datatable--header { background: $background; color: $primary; }
DataTable:nocolor > .datatable--cursor { text-style: reverse; }
CommandList:nocolor > .option-list--option-highlighted { text-style: bold underline; }
CommandPalette:ansi > Vertical { background: $background; }
CommandPalette.-low > Vertical { margin-top: 0; }
CommandPalette.-low #--input, CommandPalette.-low CommandInput, CommandPalette.-low CommandList { border: none; }
CommandPalette.-low CommandInput { height: 1; }
CommandPalette.-low CommandList { max-height: 90vh; }
Input:nocolor > .input--cursor { text-style: reverse; }
.-plain DataTable { scrollbar-size-vertical: 0; }
.-plain CommandPalette * { border: none; scrollbar-size-vertical: 0; }
"""
