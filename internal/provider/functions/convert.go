package functions

import (
	"encoding/base64"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func ionHash() pure {
	definition := function.Definition{
		Summary: "Hash of an Ion value.",
		MarkdownDescription: "The Ion hash with SHA-256 of one value in Ion text, in base64: the hash that QLDB computes " +
			"over documents, metadata and parameters.\n\nNeither white space nor the order of fields matters; types, " +
			"annotations and precision do: `1.5` and `1.50` have different hashes.",
		Parameters: []function.Parameter{text("text", "One value in Ion text. JSON is Ion, too.")},
	}
	return textFunction("ion_hash", definition, func(text string) (string, error) {
		v, err := ion.ParseOne(text, ion.Options{})
		if err != nil {
			return "", located("Ion text", err)
		}
		sum := ion.Hash(v)
		return base64.StdEncoding.EncodeToString(sum[:]), nil
	})
}

func ionToJSON() pure {
	definition := function.Definition{
		Summary: "Ion text as JSON.",
		MarkdownDescription: "One value in Ion text as JSON, for example for `jsondecode`.\n\nJSON knows less than Ion: " +
			"timestamps and symbols become strings, blobs strings in base64, S-expressions arrays; typed nulls, `nan` and " +
			"infinities become `null`; annotations are lost. Numbers keep their digits and fields their order. A field name " +
			"that repeats within one struct stays repeated: `jsondecode` shows the last of them only.",
		Parameters: []function.Parameter{text("text", "One value in Ion text.")},
	}
	return textFunction("ion_to_json", definition, func(text string) (string, error) {
		v, err := ion.ParseOne(text, ion.Options{})
		if err != nil {
			return "", located("Ion text", err)
		}
		return string(ion.ToJSON(v)), nil
	})
}

func jsonToIon() pure {
	definition := function.Definition{
		Summary: "JSON as Ion text.",
		MarkdownDescription: "One JSON value as Ion text, compact.\n\nA number without point and exponent becomes an int, " +
			"one with a point a decimal, one with an exponent a float. Strings stay strings: JSON has no timestamps, " +
			"symbols or blobs. Fields keep their order.\n\nA number of Terraform's keeps no trailing zeros: " +
			"`jsonencode(1.50)` is `1.5`, which is another decimal than `1.50`.",
		Parameters: []function.Parameter{text("text", "One JSON value, for example made with `jsonencode`.")},
	}
	return textFunction("json_to_ion", definition, func(text string) (string, error) {
		v, err := ion.FromJSON([]byte(text), ion.Options{})
		if err != nil {
			return "", located("JSON", err)
		}
		return v.String(), nil
	})
}
