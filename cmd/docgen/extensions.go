package main

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"github.com/carillon-server/carillon/api"
)

const extensionsHead = `<!-- Written by cmd/docgen. Do not edit: change api/model/carillon.json and run go generate ./... -->

# Carillon's own operations

Amazon had some doors in its console or in its mail only. Here they are operations like the others: signed with Signature
Version 4 for the service ` + "`chime`" + `, sent as ` + "`POST /carillon/NAME`" + ` with all members in a JSON body, and answered with 200 and
JSON. Lists come in pages: as long as there is a NextToken, send it to get the next one. Errors look like those of Amazon's
operations.

` + "`carillon call NAME --help`" + ` says the same as this page. In the examples $A is an AccountId and $U a UserId.

`

// extensions writes the page of Carillon's own operations.
func extensions() []byte {
	var b bytes.Buffer
	b.WriteString(extensionsHead)
	for _, op := range api.AllOperations {
		if op.Extension {
			fmt.Fprintf(&b, "- [%s](#%s)\n", op.Name, strings.ToLower(op.Name))
		}
	}
	for _, op := range api.AllOperations {
		if !op.Extension {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n    %s\n", op.Name, whole(op), strings.Join(append([]string{"carillon call", op.Name}, example(op)...), " "))
		members(&b, "Members", op.Input)
		members(&b, "Answer", op.Output)
		fmt.Fprintf(&b, "\nErrors: %s.\n", exceptions(op))
	}
	return b.Bytes()
}

// whole returns what an operation does and who may call it.
func whole(op *api.Operation) string {
	if op.Installation {
		return op.Doc + " For the root of the installation alone."
	}
	return op.Doc
}

// members writes a table of a structure's members, and of those within them.
func members(b *bytes.Buffer, title string, s *api.Structure) {
	if len(s.Fields) == 0 {
		return
	}
	fmt.Fprintf(b, "\n| %s | | |\n| --- | --- | --- |\n", title)
	rows(b, "", s)
}

func rows(b *bytes.Buffer, prefix string, s *api.Structure) {
	for i := range s.Fields {
		f := &s.Fields[i]
		form := f.Shape.Describe()
		if f.Required && prefix == "" {
			form += ", required"
		}
		name, inner := prefix+f.Name, f.Shape
		if inner.Kind == api.KindList {
			name, inner = name+"[]", inner.Elem
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, form, f.Doc)
		if inner.Kind == api.KindStructure {
			rows(b, name+".", inner.Struct)
		}
	}
}

// exceptions lists the errors that an operation declares, in short.
func exceptions(op *api.Operation) string {
	names := make([]string, len(op.Errors))
	for i, e := range op.Errors {
		names[i] = strings.TrimSuffix(e, "Exception")
	}
	return strings.Join(names, ", ")
}

// values are what examples give to required members.
var values = map[string]string{
	"AccessKeyId":      "AKIAIOSFODNN7EXAMPLE",
	"AccountId":        "$A",
	"AccountType":      "EnterpriseLWA",
	"AwsAccountId":     "123456789012",
	"BackupId":         "$B",
	"BotId":            "$B",
	"Content":          "'Good morning'",
	"ConversationId":   "$C",
	"DomainName":       "example.com",
	"E164PhoneNumbers": "+12065551234,+12065551235",
	"FaultId":          "$F",
	"MailId":           "$M",
	"MemberIds":        "$U,$V",
	"Name":             "Alerts",

	"CreatePrincipal.Name": "alice",
	"GetPrincipal.Name":    "alice",
	"DeletePrincipal.Name": "alice",

	"PolicyDocument":                 `'{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "chime:*", "Resource": "*"}}'`,
	"PolicyName":                     "team",
	"AttachManagedPolicy.PolicyName": "AmazonChimeReadOnly",
	"DetachManagedPolicy.PolicyName": "AmazonChimeReadOnly",
	"GetManagedPolicy.PolicyName":    "AmazonChimeReadOnly",
	"PrincipalName":                  "alice",

	"Operation":         "CreateUser",
	"PhoneNumbers":      `'{"E164PhoneNumber": "+12065551234", "Country": "US", "Type": "Local", "State": "WA"}'`,
	"Seconds":           "604800",
	"RoomId":            "$R",
	"SenderId":          "$U",
	"Status":            "Inactive",
	"SupportedLicenses": "Basic,Plus,Pro",
	"UserId":            "$U",
	"Users":             `'{"Email": "jane@example.com", "LicenseType": "Basic"}'`,
	"WebhookId":         "$W",
}

// choices are what examples give beside the required members, where those alone would not do.
var choices = map[string][]string{
	"CreateAccessKey":   {"PrincipalName=alice"},
	"ListAccessKeys":    {"PrincipalName=alice"},
	"UpdateTenant":      {"Status=Suspended"},
	"AcceptInvite":      {"InviteToken=$T", "DisplayName='Jane Doe'"},
	"DeclineInvite":     {"InviteToken=$T"},
	"GetInvite":         {"InviteToken=$T"},
	"ListMail":          {"Status=Failed"},
	"PutFault":          {"Error=ThrottledClientException", "Count=2"},
	"UpdateUserProfile": {"Email=jane@example.com"},
}

// example returns the arguments of a call.
func example(op *api.Operation) []string {
	var args []string
	for i := range op.Input.Fields {
		if f := &op.Input.Fields[i]; f.Required {
			args = append(args, f.Name+"="+cmp.Or(values[op.Name+"."+f.Name], values[f.Name]))
		}
	}
	return append(args, choices[op.Name]...)
}
