package ops

import (
	"context"
	"slices"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/internal/chime"
)

// CreateConversation begins a conversation of users (decided: Amazon's clients did).
func (c *Call) CreateConversation(_ context.Context, in *api.CreateConversationInput) (*api.CreateConversationOutput, error) {
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	members := make([]chime.ID, len(in.MemberIDs))
	for i, memberID := range in.MemberIDs {
		u, err := c.user(in.AccountID, memberID)
		if err != nil {
			return nil, err
		}
		if _, err := u.Member(); err != nil {
			return nil, err
		}
		members[i] = u.ID
	}
	v, err := a.NewConversation(c.Source, members, c.Caller.ARN)
	if err != nil {
		return nil, err
	}
	c.Tx.InsertConversation(v)
	return &api.CreateConversationOutput{Conversation: wireConversation(v)}, nil
}

// ListConversations lists an account's conversations, those of one user where MemberId is given (decided).
func (c *Call) ListConversations(_ context.Context, in *api.ListConversationsInput) (*api.ListConversationsOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListConversations", in.AccountID, in.MemberID)
	if err != nil {
		return nil, err
	}
	a, err := c.enterprise(in.AccountID)
	if err != nil {
		return nil, err
	}
	var found []*chime.Conversation
	if in.MemberID != "" {
		member, _ := chime.ParseID(in.MemberID) // nobody has the zero ID
		found, err = c.Tx.ConversationsOfMember(a.ID, member, p.after, p.limit+1)
	} else {
		found, err = c.Tx.Conversations(a.ID, p.after, p.limit+1)
	}
	if err != nil {
		return nil, err
	}
	out := &api.ListConversationsOutput{Conversations: []api.Conversation{}}
	found, out.NextToken = cut(p, found, func(v *chime.Conversation) chime.ID { return v.ID })
	for _, v := range found {
		out.Conversations = append(out.Conversations, *wireConversation(v))
	}
	return out, nil
}

// SendConversationMessage says something in a conversation as one of its members (decided).
func (c *Call) SendConversationMessage(_ context.Context, in *api.SendConversationMessageInput) (*api.SendConversationMessageOutput, error) {
	v, err := c.conversation(in.AccountID, in.ConversationID)
	if err != nil {
		return nil, err
	}
	sender, _ := chime.ParseID(in.SenderID) // nobody has the zero ID
	if !slices.Contains(v.Members, sender) {
		return nil, chime.BadRequest.Errorf("SenderId must be a member of the conversation, as ListConversations shows them")
	}
	m, err := chime.NewMessage(c.Source, v.Tenant, v.AccountID, v.ID, sender, chime.UserMember, in.Content)
	if err != nil {
		return nil, err
	}
	c.Tx.InsertMessage(m)
	return &api.SendConversationMessageOutput{Message: wireMessage(m)}, nil
}

// ListConversationMessages lists the messages of a conversation, the newest first, but for those past the account's
// retention (decided).
func (c *Call) ListConversationMessages(_ context.Context, in *api.ListConversationMessagesInput) (*api.ListConversationMessagesOutput, error) {
	p, err := c.page(in.NextToken, in.MaxResults, defaultProfilePage, "ListConversationMessages", in.AccountID, in.ConversationID)
	if err != nil {
		return nil, err
	}
	v, err := c.conversation(in.AccountID, in.ConversationID)
	if err != nil {
		return nil, err
	}
	out := &api.ListConversationMessagesOutput{}
	out.Messages, out.NextToken, err = c.messages(p, v.AccountID, v.ID, inConversation)
	return out, err
}

// conversation returns the account's conversation, or NotFound.
func (c *Call) conversation(accountID, conversationID string) (*chime.Conversation, error) {
	a, err := c.enterprise(accountID)
	if err != nil {
		return nil, err
	}
	if id, ok := chime.ParseID(conversationID); ok {
		v, err := c.Tx.Conversation(a.ID, id)
		if v != nil || err != nil {
			return v, err
		}
	}
	return nil, chime.NotFound.Errorf("conversation %s is not in account %s", conversationID, accountID)
}

func wireConversation(v *chime.Conversation) *api.Conversation {
	w := &api.Conversation{ConversationID: v.ID.String(), AccountID: v.AccountID.String(), MemberIDs: []string{}, CreatedBy: v.CreatedBy, CreatedOn: v.CreatedAt}
	for _, id := range v.Members {
		w.MemberIDs = append(w.MemberIDs, id.String())
	}
	return w
}
