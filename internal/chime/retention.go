package chime

import "time"

// Retention is how many days an account's messages are kept; 0 for ever.
type Retention struct {
	RoomDays         int
	ConversationDays int
	DeletionAt       time.Time // nothing is deleted before this; zero while everything is kept
}

// retentionGrace is how long after a change the messages that fall out of it can still be had back, by another change
// (documented: administration guide).
const retentionGrace = 30 * 24 * time.Hour

const day = 24 * time.Hour

// Set replaces the days. Where that lets messages go which were kept so far, the days of grace begin anew; a repetition or
// a longer time leaves them as they were (decided).
func (r Retention) Set(src Source, roomDays, conversationDays int) Retention {
	next := Retention{RoomDays: roomDays, ConversationDays: conversationDays, DeletionAt: r.DeletionAt}
	switch {
	case !next.limited():
		next.DeletionAt = time.Time{}
	case shorter(r.RoomDays, roomDays) || shorter(r.ConversationDays, conversationDays):
		next.DeletionAt = src.Now().Add(retentionGrace)
	}
	return next
}

func (r Retention) limited() bool { return r.RoomDays > 0 || r.ConversationDays > 0 }

func shorter(before, after int) bool { return after > 0 && (before == 0 || after < before) }

// Days returns how long messages are kept in a room or in a conversation.
func (r Retention) Days(inConversation bool) int {
	if inConversation {
		return r.ConversationDays
	}
	return r.RoomDays
}

// HiddenBefore returns the moment before which messages of a place with so many days are out of sight: those that are
// kept for ever have none, the zero time.
func HiddenBefore(now time.Time, days int) time.Time {
	if days == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(days) * day)
}

// Deletable reports whether what is out of sight may be deleted by now.
func (r Retention) Deletable(now time.Time) bool {
	return !r.DeletionAt.IsZero() && !now.Before(r.DeletionAt)
}
