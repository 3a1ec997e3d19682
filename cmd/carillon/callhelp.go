package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/carillon-server/carillon/api"
)

// Help is printed below the command's first line.
func (callCommand) Help() string {
	return `It finds the server and its credentials by the data folder, or takes them from AWS_ENDPOINT_URL_CHIME,
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It exits with 1 when the server refuses, with 2 when the command line is wrong.

    carillon call                        lists the operations
    carillon call CreateUser --help      describes one
    carillon call CreateAccount Name=Demo --query Account.AccountId
    carillon call ListUsers AccountId=$A --all --query 'Users[*].PrimaryEmail'
    carillon call BatchSuspendUser AccountId=$A UserIdList=$U1,$U2
    carillon call UpdateUser AccountId=$A UserId=$U AlexaForBusinessMetadata.IsAlexaForBusinessEnabled=true
`
}

// printHelp describes an operation where the command line names one, and the command otherwise.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	if ctx.Command() != "" && strings.HasPrefix(ctx.Command(), "call") {
		for _, arg := range ctx.Args[1:] {
			if op := api.ByName(arg); op != nil {
				printOperation(ctx.Stdout, op)
				return nil
			}
		}
	}
	return kong.DefaultHelpPrinter(options, ctx)
}

// printOperations lists the operations.
func printOperations(w io.Writer) {
	fmt.Fprintln(w, "Operations of the Amazon Chime API, and Carillon's own (*). Describe one: carillon call NAME --help")
	for _, op := range api.AllOperations {
		mark := " "
		if op.Extension {
			mark = "*"
		}
		fmt.Fprintf(w, "  %s %s\n", mark, op.Name)
	}
}

// printOperation describes an operation from the tables.
func printOperation(w io.Writer, op *api.Operation) {
	target := op.Path
	if op.QueryName != "" {
		target += "?" + op.QueryName + "=" + op.QueryValue
	}
	fmt.Fprintf(w, "%s: %s %s, answers %d\n\n", op.Name, op.Method, target, op.Status)
	if op.Doc != "" {
		fmt.Fprintf(w, "%s\n\n", op.Doc)
	}
	if op.Installation {
		fmt.Fprint(w, "For the root of the installation alone: the server's first credentials.\n\n")
	}
	fmt.Fprintf(w, "Usage:\n  carillon call %s", op.Name)
	for i := range op.Input.Fields {
		for _, word := range words("", &op.Input.Fields[i]) {
			fmt.Fprintf(w, " %s", word)
		}
	}
	if findField(op.Output, "NextToken") != nil {
		fmt.Fprint(w, " [--all]")
	}
	fmt.Fprint(w, "\n\nMembers:\n")
	printMembers(w, op.Input, "  ")
	fmt.Fprint(w, "\nAnswer:\n")
	printMembers(w, op.Output, "  ")
	fmt.Fprintf(w, "\nErrors: %s\n", strings.Join(op.Errors, ", "))
}

// words are the arguments by which a command line gives a member, in brackets if it need not. A list may also be given
// as one JSON array, a structure as one JSON object.
func words(prefix string, f *api.Field) []string {
	name := prefix + f.Name
	word := name + "=" + sample(f.Shape)
	switch {
	case f.Shape.Kind == api.KindStructure:
		var list []string
		for i := range f.Shape.Struct.Fields {
			list = append(list, words(name+".", &f.Shape.Struct.Fields[i])...)
		}
		return list
	case f.Shape.Kind == api.KindList && f.Shape.Elem.Kind == api.KindStructure:
		word = quotePOSIX(word)
	}
	if !f.Required {
		word = "[" + word + "]"
	}
	return []string{word}
}

// sample shows how a value is written on the command line.
func sample(s *api.Shape) string {
	switch s.Kind {
	case api.KindInteger:
		return "NUMBER"
	case api.KindBoolean:
		return "true|false"
	case api.KindTimestamp:
		return "TIME"
	case api.KindList:
		if s.Elem.Kind != api.KindStructure {
			return sample(s.Elem) + ",..."
		}
		item := make([]string, len(s.Elem.Struct.Fields))
		for i, f := range s.Elem.Struct.Fields {
			item[i] = `"` + f.Name + `":...`
		}
		return "[{" + strings.Join(item, ",") + "},...]"
	}
	if n := len(s.Enum); n > 0 && n <= 4 {
		return strings.Join(s.Enum, "|")
	}
	return "TEXT"
}

func printMembers(w io.Writer, s *api.Structure, indent string) {
	if len(s.Fields) == 0 {
		fmt.Fprintf(w, "%snone\n", indent)
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		required := ""
		if f.Required {
			required = " (required)"
		}
		fmt.Fprintf(w, "%s%s: %s%s\n", indent, f.Name, f.Shape.Describe(), required)
		if f.Doc != "" {
			fmt.Fprintf(w, "%s  %s\n", indent, f.Doc)
		}
		shape := f.Shape
		if shape.Kind == api.KindList {
			shape = shape.Elem
		}
		if shape.Kind == api.KindStructure {
			printMembers(w, shape.Struct, indent+"  ")
		}
	}
}
