package gate

import (
	"slices"
	"strings"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/ops"
	"github.com/carillon-server/carillon/internal/policy"
)

// resourceTypes are what a policy can name, by the member that holds its id, in the order in which they are within one another:
// arn:aws:chime::123456789012:account/A/room/R/membership/M. Amazon knows the meeting alone (documented: service authorization
// reference); the others are decided, so that a policy can hand one Chime account to one team. Phone numbers and their orders
// belong to the whole AWS account and are no resources, and neither are the items of a batch: their account is.
var resourceTypes = []struct{ member, name string }{
	{"AccountId", "account"},
	{"UserId", "user"},
	{"RoomId", "room"},
	{"ConversationId", "conversation"},
	{"BotId", "bot"},
	{"MemberId", "membership"},
	{"MessageId", "message"},
	{"WebhookId", "webhook"},
	{meetingMember, "meeting"},
}

const (
	meetingMember   = "MeetingId"
	principalShape  = "PrincipalName"
	invitationToken = "InviteToken"
)

// guarded is what policies have to know of an operation.
type guarded struct {
	action    policy.Action
	parts     []part
	principal *api.Field // names a principal, whose ARN is the resource
	token     *api.Field // carries an account
}

type part struct {
	name  string // user
	field *api.Field
}

// guard reads off the model what an operation names: the members in its path; for Carillon's own the members that it
// requires, and the account wherever one is given.
func guard(op *api.Operation) *guarded {
	g := &guarded{action: policy.NewAction(action(op))}
	for i := range op.Input.Fields {
		switch f := &op.Input.Fields[i]; {
		case f.Shape.Name == principalShape:
			g.principal = f
		case f.Name == invitationToken:
			g.token = f
		}
	}
	for _, t := range resourceTypes {
		i := slices.IndexFunc(op.Input.Fields, func(f api.Field) bool { return f.Name == t.member })
		if i < 0 {
			continue
		}
		f := &op.Input.Fields[i]
		if f.In == api.Path || op.Extension && (f.Required || len(g.parts) == 0 && t.name == "account") {
			g.parts = append(g.parts, part{t.name, f})
		}
	}
	return g
}

// guards are all operations' by name.
func guards() map[string]*guarded {
	all := make(map[string]*guarded, len(api.AllOperations))
	for _, op := range api.AllOperations {
		all[op.Name] = guard(op)
	}
	return all
}

// resource names what a call is about, as policies do: an ARN, or * where it names nothing.
func (g *guarded) resource(in any, caller *chime.Caller) string {
	if g.principal != nil {
		name := textAt(g.principal, in)
		if name == "" {
			name = caller.Name // as the operations understand it
		}
		return caller.Tenant.UserARN(name)
	}
	var b strings.Builder
	for _, p := range g.parts {
		id := textAt(p.field, in)
		if token := textAt(g.token, in); token != "" { // the operations believe it before anything else
			id = ops.LinkAccount(token)
		}
		if id == "" {
			return "*"
		}
		if b.Len() == 0 {
			b.WriteString("arn:aws:chime::" + caller.Tenant.String() + ":")
		} else {
			b.WriteByte('/')
		}
		b.WriteString(p.name + "/" + canonical(p.field, id))
	}
	if b.Len() == 0 {
		return "*"
	}
	return b.String()
}

// canonical spells an id as the server does, so that no other spelling gets around a policy. What is no id names nothing
// that exists, so policies see the beginning of it alone; meetings have ids of others.
func canonical(f *api.Field, text string) string {
	if f.Name == meetingMember {
		return text
	}
	if id, ok := chime.ParseID(text); ok {
		return id.String()
	}
	return text[:min(len(text), maxID)]
}

// maxID is more than an id is long, so that none is cut into another.
const maxID = 64

// textAt returns a text of the input; nothing where it or the member itself is missing.
func textAt(f *api.Field, in any) string {
	if f == nil {
		return ""
	}
	switch p := f.At(in).(type) {
	case *string:
		return *p
	case **string:
		if *p != nil {
			return **p
		}
	}
	return ""
}
