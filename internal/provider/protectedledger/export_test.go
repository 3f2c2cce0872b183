package protectedledger

import "context"

// The pure parts of the package, for tables.
type (
	Model       = model
	KeyModel    = keyModel
	ChangeModel = changeModel
	RetainedKey = retainedKey
	Facts       = facts
	KeyFact     = keyFact
	Finding     = finding
)

var (
	Plan          = plan
	Contradicts   = contradictions
	ParseImportID = parseImportID
	PlanDestroy   = planDestroy
	RoleWithPath  = roleWithPath
)

// AWSOwned is how the service names its own key.
const AWSOwned = awsOwned

// How a wait ends.
var (
	ErrTimeout     = errTimeout
	ErrInterrupted = errInterrupted
	ErrVanished    = errVanished
)

// Wait is what Await polls.
type Wait[T any] = wait[T]

// Await is await.
func Await[T any](ctx context.Context, o Options, w Wait[T]) (T, error) { return await(ctx, o, w) }
