// Package where compiles and evaluates the `where` of a selection: a CEL
// expression over one image, its age and the time.
package where

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"github.com/kubectl-byoos/kubectl-byoos/internal/image"
	"github.com/kubectl-byoos/kubectl-byoos/internal/text"
)

// Limits of an expression. The cost is CEL's own unit, roughly one per operation;
// a comparison of three fields costs about ten.
const (
	maxLength = 4096
	maxCost   = 100_000
)

// Error is an expression that does not compile.
type Error struct {
	// Line and Column are places in the expression, from 1.
	Line, Column int
	Message      string
	// Suggestion says what to write instead; may be empty.
	Suggestion string
}

// Error returns the message with the place in the expression.
func (e *Error) Error() string {
	text := e.Message
	if e.Suggestion != "" {
		text += ": " + e.Suggestion
	}
	return fmt.Sprintf("column %d of the expression: %s", e.Column, text)
}

// Compiler compiles expressions. It builds its environment, which takes
// milliseconds, when it is first used, and compiles equal expressions once. The
// zero value is ready, and it is safe for concurrent use.
type Compiler struct {
	mu       sync.Mutex
	env      *cel.Env
	programs map[string]*Program
}

// Program is a compiled expression.
type Program struct {
	program cel.Program
	// partial answers for an image of which not all is known.
	partial func() (cel.Program, error)
}

// Compile returns the program of an expression, or an *Error.
func (c *Compiler) Compile(expression string) (*Program, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if program, ok := c.programs[expression]; ok {
		return program, nil
	}
	if len(expression) > maxLength {
		return nil, &Error{1, 1, fmt.Sprintf("the expression is longer than %d bytes", maxLength), ""}
	}
	if c.env == nil {
		env, err := newEnv()
		if err != nil {
			return nil, err
		}
		c.env, c.programs = env, map[string]*Program{}
	}
	program, err := compile(c.env, expression)
	if err != nil {
		return nil, err
	}
	c.programs[expression] = program
	return program, nil
}

func newEnv() (*cel.Env, error) {
	return cel.NewEnv(
		func(env *cel.Env) (*cel.Env, error) {
			return cel.CustomTypeProvider(provider{env.CELTypeProvider()})(env)
		},
		cel.Variable("image", cel.ObjectType(imageType)),
		cel.Variable("age", cel.DurationType),
		cel.Variable("now", cel.TimestampType),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals()),
		cel.ParserExpressionSizeLimit(maxLength),
	)
}

func compile(env *cel.Env, expression string) (*Program, error) {
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		return nil, explain(first.Message, first.Location.Line(), first.Location.Column()+1, expression)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, &Error{1, 1, fmt.Sprintf("the expression gives %s; true or false is wanted", checked.OutputType()), "compare it with something, as in image.owner == \"self\""}
	}
	tagsFirst(checked)
	program, err := env.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, &Error{1, 1, err.Error(), ""}
	}
	return &Program{program, sync.OnceValues(func() (cel.Program, error) {
		return env.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptPartialEval))
	})}, nil
}

// tagsFirst turns {...} == image.tags around: CEL asks the left side, and its own
// maps do not know ours.
func tagsFirst(checked *cel.Ast) {
	factory := ast.NewExprFactory()
	ast.PostOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		call := e.AsCall()
		name := call.FunctionName()
		if name != operators.Equals && name != operators.NotEquals || call.Args()[0].Kind() != ast.MapKind {
			return
		}
		e.SetKindCase(factory.NewCall(e.ID(), name, call.Args()[1], call.Args()[0]))
	}))
}

// explain adds to CEL's message what the author probably meant.
func explain(message string, line, column int, expression string) *Error {
	message = strings.TrimPrefix(message, "Syntax error: ")
	e := &Error{Line: max(1, line), Column: max(1, column), Message: message}
	switch {
	case strings.ContainsAny(expression, "\u201C\u201D\u2018\u2019"):
		e.Suggestion = "use straight quotes"
	case strings.HasPrefix(message, "undefined field '"):
		e.Suggestion = text.DidYouMean(quoted(message), fieldNames(imageType, osType))
	case strings.HasPrefix(message, "undeclared reference to '"):
		name := quoted(message)
		if near := text.Nearest(name, fieldNames(imageType)); near != "" {
			e.Suggestion = "did you mean image." + near + "?"
			break
		}
		e.Suggestion = text.DidYouMean(name, []string{"image", "age", "now"})
	case strings.HasPrefix(message, "invalid duration"):
		e.Suggestion = `write hours, minutes or seconds: 90 days are duration("2160h")`
	case strings.HasPrefix(message, "invalid timestamp"):
		e.Suggestion = `write RFC 3339: timestamp("2026-01-31T00:00:00Z")`
	case strings.HasPrefix(message, "invalid matches"):
		e.Suggestion = "it wants an RE2 regular expression"
	case strings.HasPrefix(message, "token recognition error at: '="):
		e.Suggestion = "compare with =="
	case strings.Contains(expression, " and ") || strings.Contains(expression, " or "):
		e.Suggestion = "CEL writes && for and, || for or"
	}
	return e
}

// quoted returns what stands in the first pair of single quotes.
func quoted(message string) string {
	_, rest, _ := strings.Cut(message, "'")
	word, _, _ := strings.Cut(rest, "'")
	return word
}

// Holds tells whether the expression is true for an image at a time. An error is
// a reason not to use the image: a field that is unknown, a value that does not
// convert, too much work.
func (p *Program) Holds(img *image.Image, now time.Time) (bool, error) {
	value, _, err := p.program.Eval(&activation{img: img, now: now})
	return value == types.True, err
}

// MayHold tells whether the expression can be true for an image of which some fields
// are not known yet, each a path such as {"os", "name"}. What it cannot work out may be.
func (p *Program) MayHold(img *image.Image, unknown [][]string, now time.Time) bool {
	var patterns []*cel.AttributePatternType
	for _, path := range unknown {
		pattern := cel.AttributePattern("image")
		for _, name := range path {
			pattern = pattern.QualString(name)
		}
		patterns = append(patterns, pattern)
		if slices.Equal(path, []string{"createdAt"}) {
			patterns = append(patterns, cel.AttributePattern("age"))
		}
	}
	program, err := p.partial()
	vars, varsErr := cel.PartialVars(&activation{img: img, now: now}, patterns...)
	if err != nil || varsErr != nil {
		return true
	}
	value, _, _ := program.Eval(vars)
	return value == types.True || types.IsUnknown(value)
}

// activation gives the variables of one evaluation.
type activation struct {
	img *image.Image
	now time.Time
}

func (a *activation) Parent() cel.Activation { return nil }

func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "image":
		return value[whole]{a.img}, true
	case "now":
		return types.Timestamp{Time: a.now}, true
	case "age":
		if a.img.CreatedAt == nil {
			return types.WrapErr(errNoCreationTime), true
		}
		return types.Duration{Duration: a.now.Sub(*a.img.CreatedAt)}, true
	}
	return nil, false
}

var (
	errNoCreationTime = errors.New("the creation time is unknown, so there is no age")
	errUnknownTime    = errors.New("the time is unknown; test it with has() first")
)
