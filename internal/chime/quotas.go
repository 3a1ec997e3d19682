package chime

import "cmp"

// Quotas bound how many of something there may be. A zero means as many as Amazon documented.
type Quotas struct {
	Rooms       int // of an account
	RoomMembers int // of a room
	Memberships int // of a user or a bot
	Bots        int // of an account
	Webhooks    int // of a room
}

// RoomLimit is how many rooms an account may have (documented: general reference). Its limit of 1,500 rooms for each
// profile is never met before this one: rooms are made by principals of the tenant.
func (q Quotas) RoomLimit() int { return cmp.Or(q.Rooms, 1500) }

// RoomMemberLimit is how many members a room may have (documented: general reference).
func (q Quotas) RoomMemberLimit() int { return cmp.Or(q.RoomMembers, 1000) }

// MembershipLimit is in how many rooms a user or a bot may be (documented: general reference).
func (q Quotas) MembershipLimit() int { return cmp.Or(q.Memberships, 1000) }

// BotLimit is how many bots an account may have (documented: developer guide).
func (q Quotas) BotLimit() int { return cmp.Or(q.Bots, 10) }

// WebhookLimit is how many webhooks a room may have (documented: developer guide).
func (q Quotas) WebhookLimit() int { return cmp.Or(q.Webhooks, 10) }
