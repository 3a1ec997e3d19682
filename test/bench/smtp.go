package main

import (
	"io"
	"net"
	"time"
)

// smtpSilence is how long the slow SMTP server says nothing.
const smtpSilence = 5 * time.Second

// startSlowSMTP starts a server that takes connections, says nothing for a while, and then that it is too busy.
func startSlowSMTP() (net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer c.Close()
				time.Sleep(smtpSilence)
				_, _ = io.WriteString(c, "421 too busy\r\n") // whoever has hung up meanwhile does not miss it
			}()
		}
	}()
	return listener, nil
}
