package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/carillon-server/carillon/api"
	"github.com/carillon-server/carillon/test/harness"
)

// soaker is one caller of a mixed load. It knows what it has made.
type soaker struct {
	server  *harness.Server
	conn    *harness.Conn
	account string
	series  string
	random  *rand.Rand
	made    uint64
	users   []string
	rooms   []string

	mu   sync.Mutex
	took []time.Duration // of the calls since the last take
}

// take returns how long the calls took since it was asked last.
func (c *soaker) take() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	took := c.took
	c.took = nil
	return took
}

// run makes one call after the other.
func (c *soaker) run(end time.Time) error {
	for time.Now().Before(end) {
		if err := c.step(); err != nil {
			return err
		}
	}
	return nil
}

// step makes a call that is possible with what there is.
func (c *soaker) step() error {
	switch n := c.random.IntN(100); {
	case len(c.users) == 0 || n < 20:
		return c.createUser()
	case len(c.users) > keptUsers:
		return c.deleteUser()
	case n < 50:
		_, err := timed[api.GetUserOutput](c, getUser, &api.GetUserInput{AccountID: c.account, UserID: c.some(c.users)})
		return err
	case n < 58:
		_, err := timed[api.ListUsersOutput](c, listUsers, &api.ListUsersInput{AccountID: c.account, MaxResults: pageSize})
		return err
	case n < 66:
		license := "Pro"
		if n%2 == 0 {
			license = "Basic"
		}
		_, err := timed[api.UpdateUserOutput](c, "UpdateUser", &api.UpdateUserInput{AccountID: c.account, UserID: c.some(c.users), LicenseType: license})
		return err
	case n < 69:
		_, err := timed[api.ResetPersonalPINOutput](c, "ResetPersonalPIN", &api.ResetPersonalPINInput{AccountID: c.account, UserID: c.some(c.users)})
		return err
	case n < 71:
		_, err := timed[api.LogoutUserOutput](c, "LogoutUser", &api.LogoutUserInput{AccountID: c.account, UserID: c.some(c.users)})
		return err
	case len(c.rooms) == 0 || n < 73:
		return c.createRoom()
	case len(c.rooms) > keptRooms:
		return c.deleteRoom()
	case n < 76:
		_, err := timed[api.ListRoomsOutput](c, "ListRooms", &api.ListRoomsInput{AccountID: c.account, MaxResults: 20})
		return err
	case n < 94:
		_, err := timed[api.SendRoomMessageOutput](c, "SendRoomMessage", &api.SendRoomMessageInput{
			AccountID: c.account, RoomID: c.some(c.rooms), SenderID: c.users[0], Content: "What was said in a room, of an ordinary length."})
		return err
	default:
		_, err := timed[api.ListRoomMessagesOutput](c, "ListRoomMessages", &api.ListRoomMessagesInput{AccountID: c.account, RoomID: c.some(c.rooms), MaxResults: 20})
		return err
	}
}

func (c *soaker) some(ids []string) string { return ids[c.random.IntN(len(ids))] }

func (c *soaker) createUser() error {
	c.made++
	out, err := timed[api.CreateUserOutput](c, createUser, &api.CreateUserInput{AccountID: c.account, Email: harness.Email(c.series, c.made)})
	if err == nil {
		c.users = append(c.users, out.User.UserID)
	}
	return err
}

// deleteUser deletes the second oldest user: the oldest speaks in the rooms.
func (c *soaker) deleteUser() error {
	_, err := timed[api.DeleteUserOutput](c, "DeleteUser", &api.DeleteUserInput{AccountID: c.account, UserID: c.users[1]})
	c.users = append(c.users[:1], c.users[2:]...)
	return err
}

// createRoom makes a room of which the oldest user is a member.
func (c *soaker) createRoom() error {
	c.made++
	out, err := timed[api.CreateRoomOutput](c, "CreateRoom", &api.CreateRoomInput{AccountID: c.account, Name: fmt.Sprint("Room ", c.made)})
	if err != nil {
		return err
	}
	c.rooms = append(c.rooms, out.Room.RoomID)
	_, err = timed[api.CreateRoomMembershipOutput](c, "CreateRoomMembership", &api.CreateRoomMembershipInput{
		AccountID: c.account, RoomID: out.Room.RoomID, MemberID: c.users[0]})
	return err
}

func (c *soaker) deleteRoom() error {
	_, err := timed[api.DeleteRoomOutput](c, "DeleteRoom", &api.DeleteRoomInput{AccountID: c.account, RoomID: c.rooms[0]})
	c.rooms = c.rooms[1:]
	return err
}

// timed makes a call and notes how long it took.
func timed[Out any](c *soaker, operation string, in any) (*Out, error) {
	request := c.server.Request(operation, in)
	begun := time.Now()
	out, err := harness.Send[Out](c.conn, operation, request)
	took := time.Since(begun)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took = append(c.took, took)
	return out, err
}
