package main

import "github.com/alecthomas/kong"

// flagsFirst puts the flags of a call in front of its members. The parser takes members only in one row, while people
// write --query in front of them, behind them and in between.
func flagsFirst(parser *kong.Kong, args []string) []string {
	if len(args) == 0 || args[0] != "call" {
		return args
	}
	flags, others := []string{"call"}, []string(nil)
	for i := 1; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			return append(append(flags, others...), args[i:]...)
		case len(arg) < 2 || arg[0] != '-':
			others = append(others, arg)
		case takesValue(parser, arg) && i+1 < len(args):
			flags = append(flags, arg, args[i+1])
			i++
		default:
			flags = append(flags, arg)
		}
	}
	return append(flags, others...)
}

// takesValue reports whether a flag of call has its value in the next argument.
func takesValue(parser *kong.Kong, arg string) bool {
	for _, flag := range flagsOf(parser.Model, "call") {
		if arg == "--"+flag.Name {
			return !flag.IsBool()
		}
	}
	return false
}
