package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/carillon-server/carillon/test/harness"
)

// tick is the unit of processor times in /proc (USER_HZ: 100 a second on every Linux that Go runs on).
const tick = 10 * time.Millisecond

// cpu returns the time that a process has spent on the processors, user and system, in steps of 10 ms.
func cpu(pid int) (time.Duration, error) { return ticks(pid, 11, 12) }

// cpuOfAll returns what a process, its children and those that have ended have spent on the processors.
func cpuOfAll(pid int) (time.Duration, error) {
	total, err := ticks(pid, 11, 12, 13, 14)
	if err != nil {
		return 0, err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	for field := range bytes.FieldsSeq(children) {
		child, err := strconv.Atoi(string(field))
		if err != nil {
			return 0, err
		}
		spent, err := cpu(child)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // one that has ended meanwhile counts with its parent
			return 0, err
		}
		total += spent
	}
	return total, nil
}

// ticks adds up fields of a process's status, counted from the one behind its name.
func ticks(pid int, fields ...int) (total time.Duration, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the command's name may hold blanks
	all := bytes.Fields(rest)
	for _, i := range fields {
		if i >= len(all) {
			return 0, fmt.Errorf("/proc/%d/stat is too short", pid)
		}
		n, err := strconv.Atoi(string(all[i]))
		if err != nil {
			return 0, err
		}
		total += time.Duration(n) * tick
	}
	return total, nil
}

// rss returns the memory that a process holds, in bytes.
func rss(pid int) (int64, error) { return harness.Memory(pid, "VmRSS") }

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
