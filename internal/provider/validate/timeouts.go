package validate

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// Timeouts is the block timeouts of a resource. Unlike the framework's own it refuses a time of zero or below, which
// would end every wait before it began.
func Timeouts(ctx context.Context, opts timeouts.Opts) schema.Block {
	block := timeouts.Block(ctx, opts)
	nested, ok := block.(schema.SingleNestedBlock)
	if !ok {
		return block
	}
	nested.MarkdownDescription = "How long an apply waits. When the time is over, nothing is undone and the next apply " +
		"goes on from there."
	for name, attribute := range nested.Attributes {
		if text, ok := attribute.(schema.StringAttribute); ok {
			text.Validators = []validator.String{Duration(time.Millisecond, 365*24*time.Hour)}
			nested.Attributes[name] = text
		}
	}
	return nested
}
