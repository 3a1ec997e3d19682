package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of processor times in /proc (USER_HZ: 100 a second on every Linux that Go runs on).
const tick = 10 * time.Millisecond

// cpu returns the time that a process has spent on the processors, user and system, in steps of 10 ms.
func cpu(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the command's name may hold blanks
	fields := bytes.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	user, err := strconv.Atoi(string(fields[11]))
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * tick, err
}

// rss returns the memory that a process holds, in bytes.
func rss(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(status, []byte("\nVmRSS:"))
	value, _, unit := bytes.Cut(rest, []byte(" kB"))
	if !found || !unit {
		return 0, fmt.Errorf("/proc/%d/status does not say VmRSS", pid)
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
	return n << 10, err
}

// watchRSS returns the most memory that the process held from now until stop is called.
func watchRSS(pid int) (stop func() int64) {
	done, highest := make(chan struct{}), make(chan int64)
	go func() {
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		var most int64
		for {
			n, _ := rss(pid) // a process that has gone shows in its answers
			most = max(most, n)
			select {
			case <-look.C:
			case <-done:
				highest <- most
				return
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-highest
	}
}
