package store

import "github.com/carillon-server/carillon/internal/chime"

const conversationColumns = `account, id, created_by, created_at`

func scanConversation(t *Tx, row scanner) (*chime.Conversation, error) {
	c := chime.Conversation{Tenant: t.tenant}
	err := row.Scan((*id)(&c.AccountID), (*id)(&c.ID), &c.CreatedBy, millis{&c.CreatedAt})
	return &c, err
}

// Conversation returns the account's conversation, or nil.
func (t *Tx) Conversation(account, conversation chime.ID) (*chime.Conversation, error) {
	c, err := queryRow(t, scanConversation, `
		select `+conversationColumns+` from conversations
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, account[:], conversation[:])
	if c == nil || err != nil {
		return nil, err
	}
	return c, t.readMembers(c)
}

// Conversations returns at most limit conversations of the account in the order of their IDs and after the given one.
func (t *Tx) Conversations(account, after chime.ID, limit int) ([]*chime.Conversation, error) {
	return t.withMembers(query(t, scanConversation, `
		select `+conversationColumns+` from conversations
		where tenant = $1 and account = $2 and id > $3
		order by id limit $4`,
		t.tenant, account[:], after[:], limit))
}

// ConversationsOfMember is Conversations for those that a user is in.
func (t *Tx) ConversationsOfMember(account, member, after chime.ID, limit int) ([]*chime.Conversation, error) {
	return t.withMembers(query(t, scanConversation, `
		select `+conversationColumns+` from conversations
		where tenant = $1 and account = $2 and id in (
			select conversation from conversation_members
			where tenant = $1 and account = $2 and member = $3 and conversation > $4
			order by conversation limit $5)
		order by id limit $5`,
		t.tenant, account[:], member[:], after[:], limit))
}

func (t *Tx) withMembers(all []*chime.Conversation, err error) ([]*chime.Conversation, error) {
	for _, c := range all {
		if err := t.readMembers(c); err != nil {
			return nil, err
		}
	}
	return all, err
}

func (t *Tx) readMembers(c *chime.Conversation) error {
	members, err := query(t, scanMade, `
		select member from conversation_members
		where tenant = $1 and account = $2 and conversation = $3
		order by position`,
		t.tenant, c.AccountID[:], c.ID[:])
	for _, m := range members {
		c.Members = append(c.Members, *m)
	}
	return err
}

// InsertConversation adds a conversation with its members.
func (t *Tx) InsertConversation(c *chime.Conversation) {
	t.queue(`
		insert into conversations (tenant, `+conversationColumns+`)
		values ($1, $2, $3, $4, $5)`,
		t.tenant, c.AccountID[:], c.ID[:], c.CreatedBy, toMillis(c.CreatedAt))
	for i, m := range c.Members {
		t.queue(`
			insert into conversation_members (tenant, account, conversation, member, position)
			values ($1, $2, $3, $4, $5)`,
			t.tenant, c.AccountID[:], c.ID[:], m[:], i)
	}
}

// DeleteConversation removes a conversation with its members. Its messages are for DeleteMessages.
func (t *Tx) DeleteConversation(c *chime.Conversation) {
	t.queue(`
		delete from conversation_members
		where tenant = $1 and account = $2 and conversation = $3`,
		t.tenant, c.AccountID[:], c.ID[:])
	t.queue(`
		delete from conversations
		where tenant = $1 and account = $2 and id = $3`,
		t.tenant, c.AccountID[:], c.ID[:])
}
