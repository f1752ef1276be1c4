//go:build unix

package main

import "fmt"

// HelperName is a file that joins the package with its mutants.
const helperName = "zz_mutants.go"

// Control is the variable that names the file which says the number of the mutant
// that is on, in 8 bytes, and takes a byte for each mutant that is reached. A process
// that a test starts without the variable finds it beside its program.
const control = "MUTANTS_CONTROL"

func helper(pkg string, mutants int) []byte {
	return fmt.Appendf(nil, helperSource, pkg, control, controlSize(mutants))
}

func controlSize(mutants int) int { return 8 + mutants + 1 }

const helperSource = `package %s

import (
	"cmp"
	"encoding/binary"
	"os"
	"syscall"
)

var mutantControl, mutantNumber = mutantStart()

func mutantStart() ([]byte, int) {
	name := os.Getenv(%q)
	if name == "" {
		self, _ := os.Executable()
		name = self + ".control"
	}
	const size = %d
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return make([]byte, size), 0
	}
	defer file.Close()
	data, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return data, int(binary.LittleEndian.Uint64(data))
}

func mutantOn(n int) bool {
	mutantControl[8+n] = 1
	return n == mutantNumber
}

type mutantInteger interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type mutantNumeric interface {
	mutantInteger | ~float32 | ~float64
}

func mutantBoth(on, x bool, y func() bool) bool { if on { return x || y() }; return x && y() }
func mutantEither(on, x bool, y func() bool) bool { if on { return x && y() }; return x || y() }
func mutantLess[T cmp.Ordered](negated, moved bool, x, y T) bool { return (x < y) != negated != (moved && x == y) }
func mutantAtMost[T cmp.Ordered](negated, moved bool, x, y T) bool { return (x <= y) != negated != (moved && x == y) }
func mutantGreater[T cmp.Ordered](negated, moved bool, x, y T) bool { return (x > y) != negated != (moved && x == y) }
func mutantAtLeast[T cmp.Ordered](negated, moved bool, x, y T) bool { return (x >= y) != negated != (moved && x == y) }
func mutantPick[T any](on bool, x, y func() T) T { if on { return x() }; return y() }
func mutantNeg[T mutantNumeric](on bool, x T) T { if on { return -x }; return x }
func mutantAdd[T mutantNumeric](on bool, x, y T) T { if on { return x - y }; return x + y }
func mutantSub[T mutantNumeric](on bool, x, y T) T { if on { return x + y }; return x - y }
func mutantMul[T mutantNumeric](on bool, x, y T) T { if on { return x / y }; return x * y }
func mutantQuo[T mutantNumeric](on bool, x, y T) T { if on { return x * y }; return x / y }
func mutantRem[T mutantInteger](on bool, x, y T) T { if on { return x * y }; return x %% y }
func mutantAnd[T mutantInteger](on bool, x, y T) T { if on { return x | y }; return x & y }
func mutantOr[T mutantInteger](on bool, x, y T) T { if on { return x & y }; return x | y }
func mutantXor[T mutantInteger](on bool, x, y T) T { if on { return x & y }; return x ^ y }
func mutantAndNot[T mutantInteger](on bool, x, y T) T { if on { return x & y }; return x &^ y }
`
