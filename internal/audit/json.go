package audit

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// object appends the members of a JSON object, whose brace is there already.
type object struct{ b []byte }

func (o *object) name(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(appendString(o.b, name), ':')
}

func (o *object) string(name, value string) {
	o.name(name)
	o.b = appendString(o.b, value)
}

// some appends a member unless it is empty.
func (o *object) some(name, value string) {
	if value != "" {
		o.string(name, value)
	}
}

func (o *object) boolean(name string, value bool) {
	o.name(name)
	o.b = strconv.AppendBool(o.b, value)
}

func (o *object) identity(i Identity, accessKey string) {
	o.name("userIdentity")
	inner := object{append(o.b, '{')}
	inner.string("type", i.Type)
	inner.some("principalId", i.PrincipalID)
	inner.some("arn", i.ARN)
	inner.some("accountId", i.AccountID)
	inner.some("accessKeyId", accessKey)
	inner.some("userName", i.UserName)
	inner.some("invokedBy", i.InvokedBy)
	o.b = append(inner.b, '}')
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // an error says only that invalid UTF-8 was replaced
	return dst
}
