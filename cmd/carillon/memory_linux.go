package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapProgram lets go of the pages of the program itself, most of which only the start needed. The system has them in its
// cache and maps those again that are used; so nothing depends on whether it works. Parts in which a page is no more as the file
// has it are left alone, even if nobody may write there any more: dynamic linkers protect what they have relocated.
func unmapProgram() {
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer maps.Close()
	program, err := os.Executable()
	if err != nil {
		return
	}
	var begin, end uintptr
	var ofProgram bool
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		var from, to uintptr
		var access string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &from, &to, &access); n == 3 { // what follows is about this part
			begin, end = from, to
			ofProgram = strings.HasSuffix(line, " "+program) && !strings.Contains(access, "w")
			continue
		}
		if figure := strings.Fields(line); ofProgram && figure[0] == "Anonymous:" && figure[1] == "0" {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, begin, end-begin, unix.MADV_DONTNEED)
		}
	}
}
