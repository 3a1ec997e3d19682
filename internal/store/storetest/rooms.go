package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/carillon-server/carillon/internal/chime"
	"github.com/carillon-server/carillon/internal/chime/chimetest"
	"github.com/carillon-server/carillon/internal/store"
)

const arn = "arn:aws:iam::123456789012:root"

// room adds a room.
func (s *suite) room(t *testing.T, name string) *chime.Room {
	t.Helper()
	r, err := s.account.NewRoom(s.source, chime.Quotas{}, 0, name, arn)
	if err != nil {
		t.Fatalf("NewRoom: %v", err)
	}
	s.update(t, func(tx *store.Tx) error { tx.InsertRoom(r, store.Request{}); return nil })
	return r
}

// bot returns a bot with an endpoint, which is not yet in the store.
func (s *suite) bot(t *testing.T, name string) *chime.Bot {
	t.Helper()
	b, err := s.account.NewBot(s.source, chime.Quotas{}, 0, name, "example.com")
	if err != nil {
		t.Fatalf("NewBot: %v", err)
	}
	b.Endpoint = "https://bot.example.com/"
	return b
}

// admit adds a member to the room, and returns chime.Conflict if that is in it.
func (s *suite) admit(t *testing.T, r *chime.Room, m chime.Member) (*chime.Membership, error) {
	t.Helper()
	place, err := r.Admit(s.source, chime.Quotas{}, chime.Crowd{}, m, "", arn)
	if err != nil {
		t.Fatalf("Admit: %v", err)
	}
	return place, s.Update(t.Context(), tenant, func(tx *store.Tx) error {
		if met := tx.Met(); met != store.NoPromise {
			return chime.Conflict.Errorf("met %s", met)
		}
		tx.InsertMembership(place)
		return nil
	})
}

// member adds a user and returns it as a member.
func (s *suite) member(t *testing.T, email string) (*chime.User, chime.Member) {
	t.Helper()
	u := s.user(t, email)
	if err := s.insert(t.Context(), tenant, u); err != nil {
		t.Fatalf("insert: %v", err)
	}
	m, err := u.Member()
	if err != nil {
		t.Fatalf("Member: %v", err)
	}
	return u, m
}

func rooms(t *testing.T, s *suite) {
	first, second := s.room(t, "Zoë's 🎈"), s.room(t, "Second")
	if _, err := first.Rename(s.source, "Renamed"); err != nil {
		t.Fatal(err)
	}
	s.update(t, func(tx *store.Tx) error { tx.UpdateRoom(first); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Room(s.account.ID, first.ID)
		if diff := cmp.Diff(first, got); diff != "" || got.Version != 2 {
			t.Errorf("Room (-want +got):\n%s", diff)
		}
		page, err2 := tx.Rooms(s.account.ID, first.ID, 10)
		if diff := cmp.Diff([]*chime.Room{second}, page); diff != "" {
			t.Errorf("Rooms after the first (-want +got):\n%s", diff)
		}
		n, err3 := tx.CountRooms(s.account.ID, 1)
		if n != 1 {
			t.Errorf("CountRooms up to 1 = %d", n)
		}
		return errors.Join(err, err2, err3)
	})
	_, jane := s.member(t, "jane@example.com")
	w, err := first.NewWebhook(s.source, chime.Quotas{}, 0, "Alerts", arn)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*chime.Room{first, second} {
		if _, err := s.admit(t, r, jane); err != nil {
			t.Fatal(err)
		}
	}
	s.update(t, func(tx *store.Tx) error { tx.InsertWebhook(w); return nil })
	s.update(t, func(tx *store.Tx) error { tx.DeleteRoom(first); return nil })
	s.view(t, func(tx *store.Tx) error {
		room, err := tx.Room(s.account.ID, first.ID)
		members, err2 := tx.CountMembers(s.account.ID, first.ID, 10)
		hook, err3 := tx.Webhook(s.account.ID, w.ID)
		left, err4 := tx.CountMembers(s.account.ID, second.ID, 10)
		if room != nil || members != 0 || hook != nil || left != 1 {
			t.Errorf("after DeleteRoom there is %v with %d members and %v, and %d members next door", room, members, hook, left)
		}
		return errors.Join(err, err2, err3, err4)
	})
}

func roomRequest(t *testing.T, s *suite) {
	request := store.Request{Token: [16]byte{1}, Name: [16]byte{2}}
	create := func() (*chime.Room, error) {
		r, err := s.account.NewRoom(s.source, chime.Quotas{}, 0, "Room", arn)
		if err != nil {
			t.Fatal(err)
		}
		return r, s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if met := tx.Met(); met != store.NoPromise {
				return chime.Conflict.Errorf("met %s", met)
			}
			tx.InsertRoom(r, request)
			return nil
		})
	}
	first, err := create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create(); !errors.Is(err, chime.Conflict) {
		t.Errorf("a second room of the request: %v, want conflict", err)
	}
	s.view(t, func(tx *store.Tx) error {
		got, by, err := tx.RequestedRoom(s.account.ID, request.Token)
		if diff := cmp.Diff(first, got); diff != "" || by != request {
			t.Errorf("RequestedRoom by %v (-want +got):\n%s", by, diff)
		}
		other, _, err2 := tx.RequestedRoom(s.account.ID, [16]byte{3})
		if other != nil {
			t.Errorf("another request made %v", other)
		}
		return errors.Join(err, err2)
	})
	s.update(t, func(tx *store.Tx) error { tx.ForgetRequest(first); return nil })
	if _, err := create(); err != nil {
		t.Errorf("once the first is forgotten: %v", err)
	}
	s.room(t, "without a request")
	s.room(t, "and another")
}

func memberships(t *testing.T, s *suite) {
	r, next := s.room(t, "Room"), s.room(t, "Next")
	u, jane := s.member(t, "Jane@example.com")
	b := s.bot(t, "Helper")
	s.update(t, func(tx *store.Tx) error { return tx.InsertBot(b) })
	robot, err := b.Member()
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.admit(t, r, jane)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.admit(t, r, jane); !errors.Is(err, chime.Conflict) {
		t.Errorf("a second time: %v, want conflict", err)
	}
	second, err := s.admit(t, r, robot)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.admit(t, next, jane); err != nil {
		t.Fatal(err)
	}
	if _, err := first.SetRole(s.source, chime.Administrator); err != nil {
		t.Fatal(err)
	}
	s.update(t, func(tx *store.Tx) error { tx.UpdateMembership(first); return nil })
	s.view(t, func(tx *store.Tx) error {
		all, err := tx.Memberships(s.account.ID, r.ID, chime.ID{}, 10)
		if diff := cmp.Diff([]*chime.Membership{first, second}, all); diff != "" {
			t.Errorf("Memberships (-want +got):\n%s", diff)
		}
		after, err2 := tx.Memberships(s.account.ID, r.ID, jane.ID, 10)
		if diff := cmp.Diff([]*chime.Membership{second}, after); diff != "" {
			t.Errorf("Memberships after the first (-want +got):\n%s", diff)
		}
		robots, err3 := tx.BotsInRoom(s.account.ID, r.ID)
		if diff := cmp.Diff([]*chime.Membership{second}, robots); diff != "" {
			t.Errorf("BotsInRoom (-want +got):\n%s", diff)
		}
		n, err4 := tx.CountMembers(s.account.ID, r.ID, 10)
		mine, err5 := tx.CountMemberships(s.account.ID, jane.ID, 10)
		if n != 2 || mine != 2 {
			t.Errorf("%d members, %d memberships; want 2 and 2", n, mine)
		}
		page, err6 := tx.RoomsOfMember(s.account.ID, jane.ID, r.ID, 10)
		if diff := cmp.Diff([]*chime.Room{next}, page); diff != "" {
			t.Errorf("RoomsOfMember after the first (-want +got):\n%s", diff)
		}
		return errors.Join(err, err2, err3, err4, err5, err6)
	})
	s.update(t, func(tx *store.Tx) error { tx.DeleteMembership(second); return nil })
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(u); return nil })
	s.view(t, func(tx *store.Tx) error {
		n, err := tx.CountMembers(s.account.ID, r.ID, 10)
		if n != 0 {
			t.Errorf("%d members are left", n)
		}
		return err
	})
}

func bots(t *testing.T, s *suite) {
	b, same := s.bot(t, "Helper"), s.bot(t, "HELPER")
	insert := func(b *chime.Bot) error {
		return s.Update(t.Context(), tenant, func(tx *store.Tx) error {
			if met := tx.Met(); met != store.NoPromise {
				return chime.Conflict.Errorf("met %s", met)
			}
			return tx.InsertBot(b)
		})
	}
	if err := insert(b); err != nil {
		t.Fatal(err)
	}
	if err := insert(same); !errors.Is(err, chime.Conflict) {
		t.Errorf("a second bot with the address: %v, want conflict", err)
	}
	b.Disabled, b.LambdaARN = true, "arn:aws:lambda:us-east-1:123456789012:function:f"
	b.Regenerate(s.source)
	s.update(t, func(tx *store.Tx) error { return tx.UpdateBot(b) })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Bot(s.account.ID, b.ID)
		if diff := cmp.Diff(b, got); diff != "" || got.Version != 2 {
			t.Errorf("Bot (-want +got):\n%s", diff)
		}
		all, err2 := tx.Bots(s.account.ID, chime.ID{}, 10)
		none, err3 := tx.Bots(s.account.ID, b.ID, 10)
		if len(all) != 1 || len(none) != 0 {
			t.Errorf("%d bots, %d after the first; want 1 and 0", len(all), len(none))
		}
		return errors.Join(err, err2, err3)
	})
}

func events(t *testing.T, s *suite) {
	b, r := s.bot(t, "Helper"), s.room(t, "Room")
	var all []*chime.Event
	for _, kind := range []chime.EventType{chime.InviteEvent, chime.MentionEvent, chime.RemoveEvent} {
		all = append(all, b.NewEvent(s.source, kind, r.ID, s.source.NewID(), arn))
	}
	s.update(t, func(tx *store.Tx) error {
		for _, e := range all {
			tx.InsertEvent(e)
		}
		return nil
	})
	all[0].Attempts = 3
	all[0].End(s.source, chime.EventParked, "no answer")
	s.update(t, func(tx *store.Tx) error { tx.UpdateEvent(all[0]); return nil })
	look := func() (queued, parked, every []*chime.Event) {
		s.view(t, func(tx *store.Tx) error {
			var err1, err2, err3 error
			queued, err1 = tx.QueuedEvents(s.account.ID, b.ID, 10)
			parked, err2 = tx.Events(s.account.ID, b.ID, chime.EventParked, chime.ID{}, 10)
			every, err3 = tx.Events(s.account.ID, b.ID, "", chime.ID{}, 10)
			return errors.Join(err1, err2, err3)
		})
		return queued, parked, every
	}
	queued, parked, every := look()
	if diff := cmp.Diff([][]*chime.Event{all[1:], all[:1], all}, [][]*chime.Event{queued, parked, every}); diff != "" {
		t.Errorf("the queued, the parked and all (-want +got):\n%s", diff)
	}
	for i, want := range []int{3, 2} {
		if err := s.ClearEvents(t.Context(), chimetest.Start.Add(time.Duration(i)*time.Millisecond), 10); err != nil {
			t.Fatal(err)
		}
		if _, _, every := look(); len(every) != want {
			t.Errorf("cleared %d ms after the start: %d events are left, want %d", i, len(every), want)
		}
	}
}

func messages(t *testing.T, s *suite) {
	r, next := s.room(t, "Room"), s.room(t, "Next")
	var all []*chime.Message
	say := func(place chime.ID, at time.Time, content string) *chime.Message {
		m, err := chime.NewMessage(s.source, tenant, s.account.ID, place, s.account.ID, chime.UserMember, content)
		if err != nil {
			t.Fatal(err)
		}
		m.SentAt = at
		s.update(t, func(tx *store.Tx) error { tx.InsertMessage(m); return nil })
		return m
	}
	for i := range 5 {
		all = append(all, say(r.ID, chimetest.Start.Add(time.Duration(i)*time.Hour), fmt.Sprintf("<@x|%d> 🎈\n", i)))
	}
	say(next.ID, chimetest.Start, "next door")
	all[1].Redact(s.source)
	s.update(t, func(tx *store.Tx) error { tx.UpdateMessage(all[1]); return nil })
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Message(s.account.ID, r.ID, all[1].ID)
		if diff := cmp.Diff(all[1], got); diff != "" || got.Content != "" {
			t.Errorf("Message (-want +got):\n%s", diff)
		}
		newest, err2 := tx.Messages(s.account.ID, r.ID, chime.ID{}, 2)
		if diff := cmp.Diff([]*chime.Message{all[4], all[3]}, newest); diff != "" {
			t.Errorf("the newest (-want +got):\n%s", diff)
		}
		before, err3 := tx.Messages(s.account.ID, r.ID, all[3].ID, 2)
		if diff := cmp.Diff([]*chime.Message{all[2], all[1]}, before); diff != "" {
			t.Errorf("before them (-want +got):\n%s", diff)
		}
		var places []chime.ID
		for place := (chime.ID{}); ; {
			found, err := tx.NextPlace(s.account.ID, place)
			if found == nil || err != nil {
				break
			}
			place = *found
			places = append(places, place)
		}
		if diff := cmp.Diff([]chime.ID{r.ID, next.ID}, places); diff != "" {
			t.Errorf("places (-want +got):\n%s", diff)
		}
		return errors.Join(err, err2, err3)
	})
	remove := func(before time.Time, limit int) (n int) {
		s.update(t, func(tx *store.Tx) (err error) {
			n, err = tx.DeleteMessages(s.account.ID, r.ID, before, limit)
			return err
		})
		return n
	}
	for _, step := range []struct {
		before      time.Duration
		limit, want int
	}{{0, 10, 0}, {time.Hour, 10, 1}, {10 * time.Hour, 2, 2}, {3*time.Hour + 1, 10, 1}, {3*time.Hour + 1, 10, 0}} {
		if got := remove(chimetest.Start.Add(step.before), step.limit); got != step.want {
			t.Errorf("deleted %d sent before %v, at most %d; want %d", got, step.before, step.limit, step.want)
		}
	}
	s.view(t, func(tx *store.Tx) error {
		left, err := tx.Messages(s.account.ID, r.ID, chime.ID{}, 10)
		if diff := cmp.Diff(all[4:], left); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		return err
	})
}

func webhooks(t *testing.T, s *suite) {
	r := s.room(t, "Room")
	w, err := r.NewWebhook(s.source, chime.Quotas{}, 0, "Alerts", arn)
	if err != nil {
		t.Fatal(err)
	}
	w.TokenHash = [32]byte{1, 2, 3}
	s.update(t, func(tx *store.Tx) error { tx.InsertWebhook(w); return nil })
	w.TokenHash, w.PostedAt = [32]byte{4}, chimetest.Start
	s.update(t, func(tx *store.Tx) error { tx.UpdateWebhook(w); return nil })
	look := func() (all []*chime.Webhook) {
		s.view(t, func(tx *store.Tx) (err error) {
			all, err = tx.Webhooks(s.account.ID, r.ID, chime.ID{}, 10)
			one, err2 := tx.Webhook(s.account.ID, w.ID)
			if len(all) > 0 && !cmp.Equal(one, all[0]) {
				t.Errorf("Webhook = %v, Webhooks = %v", one, all[0])
			}
			return errors.Join(err, err2)
		})
		return all
	}
	if diff := cmp.Diff([]*chime.Webhook{w}, look()); diff != "" {
		t.Errorf("Webhooks (-want +got):\n%s", diff)
	}
	s.update(t, func(tx *store.Tx) error { tx.DeleteWebhook(w); return nil })
	if left := look(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func conversations(t *testing.T, s *suite) {
	jane, _ := s.member(t, "jane@example.com")
	joe, _ := s.member(t, "joe@example.com")
	ann, _ := s.member(t, "ann@example.com")
	start := func(members ...chime.ID) *chime.Conversation {
		c, err := s.account.NewConversation(s.source, members, arn)
		if err != nil {
			t.Fatal(err)
		}
		s.update(t, func(tx *store.Tx) error { tx.InsertConversation(c); return nil })
		return c
	}
	first, second := start(joe.ID, jane.ID), start(jane.ID, ann.ID)
	s.view(t, func(tx *store.Tx) error {
		got, err := tx.Conversation(s.account.ID, first.ID)
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("Conversation (-want +got):\n%s", diff)
		}
		all, err2 := tx.Conversations(s.account.ID, chime.ID{}, 10)
		if diff := cmp.Diff([]*chime.Conversation{first, second}, all); diff != "" {
			t.Errorf("Conversations (-want +got):\n%s", diff)
		}
		mine, err3 := tx.ConversationsOfMember(s.account.ID, jane.ID, first.ID, 10)
		if diff := cmp.Diff([]*chime.Conversation{second}, mine); diff != "" {
			t.Errorf("ConversationsOfMember after the first (-want +got):\n%s", diff)
		}
		return errors.Join(err, err2, err3)
	})
	s.update(t, func(tx *store.Tx) error { tx.DeleteUser(jane); tx.DeleteConversation(second); return nil })
	first.Members = []chime.ID{joe.ID}
	s.view(t, func(tx *store.Tx) error {
		all, err := tx.Conversations(s.account.ID, chime.ID{}, 10)
		if diff := cmp.Diff([]*chime.Conversation{first}, all); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		return err
	})
}

func retention(t *testing.T, s *suite) {
	look := func(want chime.Retention) {
		t.Helper()
		s.view(t, func(tx *store.Tx) error {
			got, err := tx.Retention(s.account.ID)
			if got != want {
				t.Errorf("Retention = %+v, want %+v", got, want)
			}
			return err
		})
	}
	look(chime.Retention{})
	for _, r := range []chime.Retention{{RoomDays: 30, DeletionAt: chimetest.Start}, {ConversationDays: 5475}} {
		s.update(t, func(tx *store.Tx) error { tx.PutRetention(s.account.ID, r); return nil })
		look(r)
	}
}

func roomsApart(t *testing.T, s *suite) {
	const other chime.Tenant = 999999999999
	r, b := s.room(t, "Room"), s.bot(t, "Helper")
	_, jane := s.member(t, "jane@example.com")
	if _, err := s.admit(t, r, jane); err != nil {
		t.Fatal(err)
	}
	m, err := chime.NewMessage(s.source, tenant, s.account.ID, r.ID, jane.ID, chime.UserMember, "hello")
	if err != nil {
		t.Fatal(err)
	}
	w, err := r.NewWebhook(s.source, chime.Quotas{}, 0, "Alerts", arn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.account.NewConversation(s.source, []chime.ID{jane.ID, r.ID}, arn)
	if err != nil {
		t.Fatal(err)
	}
	s.update(t, func(tx *store.Tx) error {
		tx.InsertMessage(m)
		tx.InsertWebhook(w)
		tx.InsertConversation(c)
		tx.InsertEvent(b.NewEvent(s.source, chime.InviteEvent, r.ID, chime.ID{}, arn))
		tx.PutRetention(s.account.ID, chime.Retention{RoomDays: 1})
		return tx.InsertBot(b)
	})
	err = s.View(t.Context(), other, func(tx *store.Tx) error {
		room, err1 := tx.Room(s.account.ID, r.ID)
		place, err2 := tx.Membership(s.account.ID, r.ID, jane.ID)
		bot, err3 := tx.Bot(s.account.ID, b.ID)
		message, err4 := tx.Message(s.account.ID, r.ID, m.ID)
		webhook, err5 := tx.Webhook(s.account.ID, w.ID)
		conversation, err6 := tx.Conversation(s.account.ID, c.ID)
		events, err7 := tx.Events(s.account.ID, b.ID, "", chime.ID{}, 10)
		kept, err8 := tx.Retention(s.account.ID)
		if room != nil || place != nil || bot != nil || message != nil || webhook != nil || conversation != nil || len(events) > 0 || kept.RoomDays != 0 {
			t.Errorf("another tenant sees %v %v %v %v %v %v %v %v", room, place, bot, message, webhook, conversation, events, kept)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6, err7, err8)
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
}
