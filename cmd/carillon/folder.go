package main

import (
	"path/filepath"
	"runtime"
)

// dataFolder returns the data folder, absolute, and whether it is the one that is taken when none is named.
func (g *globals) dataFolder(env func(string) (string, bool)) (folder string, isDefault bool, err error) {
	usual, err := filepath.Abs(defaultFolder(env))
	if err != nil {
		return "", false, err
	}
	if g.Data == "" {
		return usual, true, nil
	}
	folder, err = filepath.Abs(g.Data)
	return folder, folder == usual, err
}

// defaultFolder returns where the system keeps a user's application data, or a folder here where there is no such place.
func defaultFolder(env func(string) (string, bool)) string {
	if folder := platformFolder(runtime.GOOS, env); folder != "" {
		return folder
	}
	return "carillon-data"
}

// platformFolder returns the user's folder for Carillon's data on an operating system, or nothing if the environment
// does not tell. Sources: the XDG base directory specification, which also says that a relative path is to be ignored;
// Apple's file system programming guide; Windows' known folder LocalAppData.
func platformFolder(goos string, env func(string) (string, bool)) string {
	in := func(variable string, path ...string) string {
		base, _ := env(variable)
		if base == "" || (goos == runtime.GOOS && !filepath.IsAbs(base)) {
			return ""
		}
		return filepath.Join(append([]string{base}, path...)...)
	}
	switch goos {
	case "windows":
		return in("LocalAppData", "Carillon")
	case "darwin":
		return in("HOME", "Library", "Application Support", "Carillon")
	}
	if folder := in("XDG_DATA_HOME", "carillon"); folder != "" {
		return folder
	}
	return in("HOME", ".local", "share", "carillon")
}
