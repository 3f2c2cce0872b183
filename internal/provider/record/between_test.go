package record_test

import (
	"context"

	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// between runs a function after the plan was made and before it is applied.
type between func()

// CheckPlan implements plancheck.PlanCheck.
func (f between) CheckPlan(context.Context, plancheck.CheckPlanRequest, *plancheck.CheckPlanResponse) {
	f()
}
