package ion_test

import (
	"fmt"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func Example() {
	doc := ion.Struct(
		ion.F("id", ion.Int(1)),
		ion.F("price", ion.NewDecimal(1250, -2).Value()),
		ion.F("tags", ion.List(ion.String("new"), ion.Symbol("sale item"))),
	)
	fmt.Println(doc)

	data := ion.EncodeBinary(doc)
	again, err := ion.DecodeOne(data, ion.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	price, _ := again.Field("price")
	fmt.Println(again.Equal(doc), ion.Hash(again) == ion.Hash(doc), price.Decimal().Exponent())
	// Output:
	// {id:1,price:12.50,tags:["new",'sale item']}
	// true true -2
}

func ExampleParseOne() {
	_, err := ion.ParseOne("{id: 1\n tags: []}", ion.Options{})
	fmt.Println(err)
	// Output:
	// ion text, 2:2: 't' instead of ',' or '}'
}

func ExampleDot() {
	statement := ion.Hash(ion.String("INSERT INTO Vehicle ?"))
	parameter := ion.Hash(ion.Struct(ion.F("VIN", ion.String("1N4AL11D75C109151"))))
	fmt.Println(ion.Dot(statement, parameter) == ion.Dot(parameter, statement))
	// Output:
	// true
}

func ExampleToJSON() {
	v, err := ion.ParseOne(`vehicle::{sold:2021-08-30T, price:12.50, photo:{{AQID}}}`, ion.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(ion.ToJSON(v)))
	// Output:
	// {"sold":"2021-08-30","price":12.50,"photo":"AQID"}
}
