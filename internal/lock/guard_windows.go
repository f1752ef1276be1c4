package lock

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Windows refuses a file that is about to vanish as it refuses one that may not be
// opened: only the former ends soon.
const (
	vanishing    = 5 * time.Millisecond
	maxVanishing = 40
)

// tryGuard takes the guard, or returns errBusy. The file is opened for nobody else
// and vanishes with its handle, so also when the process is killed.
func tryGuard(guard string) (release func(), err error) {
	name, err := windows.UTF16PtrFromString(guard)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: guard, Err: err}
	}
	for range maxVanishing {
		var handle windows.Handle
		handle, err = windows.CreateFile(name, windows.GENERIC_WRITE|windows.DELETE, 0, nil, windows.OPEN_ALWAYS,
			windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
		switch {
		case err == nil:
			return func() { _ = windows.CloseHandle(handle) }, nil
		case errors.Is(err, windows.ERROR_SHARING_VIOLATION):
			return nil, errBusy
		case !errors.Is(err, windows.ERROR_ACCESS_DENIED):
			return nil, &os.PathError{Op: "open", Path: guard, Err: err}
		}
		time.Sleep(vanishing)
	}
	return nil, &os.PathError{Op: "open", Path: guard, Err: err}
}
