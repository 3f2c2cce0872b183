package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	ours "github.com/qldbkms/terraform-provider-qldbkms/internal/provider"
)

func TestSchemasAreValid(t *testing.T) {
	t.Parallel()
	p := ours.New("test")()
	var block provider.SchemaResponse
	p.Schema(t.Context(), provider.SchemaRequest{}, &block)
	if diags := block.Schema.ValidateImplementation(t.Context()); diags.HasError() {
		t.Errorf("provider block: %v", diags)
	}
	for _, construct := range p.DataSources(t.Context()) {
		var resp datasource.SchemaResponse
		construct().Schema(t.Context(), datasource.SchemaRequest{}, &resp)
		if diags := resp.Schema.ValidateImplementation(t.Context()); diags.HasError() {
			t.Errorf("data source %T: %v", construct(), diags)
		}
	}
	for _, construct := range p.Resources(t.Context()) {
		var resp resource.SchemaResponse
		construct().Schema(t.Context(), resource.SchemaRequest{}, &resp)
		if diags := resp.Schema.ValidateImplementation(t.Context()); diags.HasError() {
			t.Errorf("resource %T: %v", construct(), diags)
		}
	}
}

// Every argument of every object is described in Markdown, in sentences.
func TestEverythingIsDescribed(t *testing.T) {
	t.Parallel()
	schema := newCore(t).schema
	described(t, "provider", schema.Provider.Block)
	for name, s := range schema.DataSourceSchemas {
		described(t, "data."+name, s.Block)
	}
	for name, s := range schema.ResourceSchemas {
		described(t, name, s.Block)
	}
	if got, want := len(schema.DataSourceSchemas), 7; got != want {
		t.Errorf("got %d data sources, want %d", got, want)
	}
}

func described(t *testing.T, at string, block *tfprotov6.SchemaBlock) {
	t.Helper()
	if block.Description == "" && !strings.HasSuffix(at, ".timeouts") {
		t.Errorf("%s has no description", at)
	}
	attributesDescribed(t, at, block.Attributes)
	for _, nested := range block.BlockTypes {
		described(t, at+"."+nested.TypeName, nested.Block)
	}
}

func attributesDescribed(t *testing.T, at string, attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range attributes {
		name := at + "." + a.Name
		switch {
		case a.Description == "":
			t.Errorf("%s has no description", name)
		case a.DescriptionKind != tfprotov6.StringKindMarkdown && !strings.HasSuffix(at, ".timeouts"): // not our words
			t.Errorf("%s is described in plain text, want Markdown", name)
		case !strings.HasSuffix(strings.TrimSpace(a.Description), "."):
			t.Errorf("%s: the description is no sentence: %s", name, a.Description)
		}
		if a.NestedType != nil {
			attributesDescribed(t, name, a.NestedType.Attributes)
		}
	}
}
