package cast

var companies = []Company{
	{
		ID: "furuborg", Name: "Furuborg Bygg AB", OrganisationNumber: "5599990016", Industry: "Bygg",
		Street: "Sågverksgatan 4", Postcode: "111 11", City: "Exempelstad", Country: "SE",
		DeliveryName: "Furuborg Bygg, kontoret", Email: "info@furuborg.example",
	},
	{
		ID: "norrsken", Name: "Norrsken El AB", OrganisationNumber: "5599990149", Industry: "El",
		Street: "Kopparvägen 12", Postcode: "222 22", City: "Provköping", Country: "SE",
		DeliveryName: "Norrsken El, lagret", Email: "info@norrsken.example",
	},
	{
		ID: "zolcinski", Name: "Żółciński Rusztowania AB", OrganisationNumber: "5599990339", Industry: "Ställning",
		Street: "Kranvägen 7", Postcode: "333 33", City: "Mönsterås Prov", Country: "SE",
		DeliveryName: "Żółciński, biuro", Email: "biuro@zolcinski.example",
	},
}

var people = []Person{
	same(Person{
		ID: "alva", GivenName: "Alva", Surname: "Lindström", PersonalNumber: "198403122388",
		Email: "alva.lindstrom@furuborg.example", Phone: "070-174 06 11", Nationality: "SE", Lang: "sv",
		Role: Orderer, CompanyID: "furuborg", look: look{skin: fair, hair: long, tone: chestnut, clothes: moss},
	}),
	same(Person{
		ID: "bjorn", GivenName: "Björn", Surname: "Sand", PersonalNumber: "197909222395",
		Email: "bjorn.sand@norrsken.example", Phone: "070-174 06 12", Nationality: "SE", Lang: "sv",
		Role: Orderer, CompanyID: "norrsken", look: look{skin: rosy, hair: short, tone: copper, clothes: slate, glasses: true},
	}),
	same(Person{
		ID: "halina", GivenName: "Halina", Surname: "Żółcińska", PersonalNumber: "198711022387",
		Email: "halina@zolcinski.example", Phone: "070-174 06 13", Nationality: "PL", Lang: "en",
		Role: Orderer, CompanyID: "zolcinski", look: look{skin: fair, hair: bun, tone: umber, clothes: brick},
	}),

	same(Person{
		ID: "jonas", GivenName: "Jonas", Surname: "Petraitis", PersonalNumber: "199405062390",
		Email: "jonas.petraitis@post.example", Phone: "070-174 06 21", Nationality: "LT", Lang: "sv",
		Role: Cardholder, CompanyID: "furuborg", look: look{skin: warm, hair: short, tone: straw, clothes: petrol},
	}),
	same(Person{
		ID: "piotr", GivenName: "Piotr", Surname: "Wiśniewski", OrderedSurname: "Wisniewski", PersonalNumber: "198506172397",
		Email: "piotr.w@post.example", Phone: "070-174 06 22", Nationality: "PL", Lang: "en",
		Role: Cardholder, CompanyID: "furuborg", look: look{skin: tan, hair: short, tone: umber, clothes: brick, beard: true},
	}),
	same(Person{
		ID: "amina", GivenName: "Amina", Surname: "Warsame", PersonalNumber: "199107142383",
		Email: "amina.warsame@post.example", Phone: "070-174 06 23", Nationality: "SE", Lang: "sv",
		Role: Cardholder, CompanyID: "furuborg", look: look{skin: brown, hair: veil, tone: night, clothes: sea},
	}),
	same(Person{
		ID: "samuel", GivenName: "Samuel", Surname: "Osei", PersonalNumber: "198801292395",
		Email: "samuel.osei@post.example", Phone: "070-174 06 24", Nationality: "GH", Lang: "en",
		Role: Cardholder, CompanyID: "furuborg", look: look{skin: dark, hair: curls, tone: black, clothes: ochre},
	}),
	same(Person{
		ID: "janis", GivenName: "Jānis", Surname: "Ozols", BankIDGiven: "JANIS", BankIDSurname: "OZOLS", PersonalNumber: "198304302394",
		Email: "janis@post.example", Phone: "070-174 06 25", Nationality: "LV", Lang: "en",
		Role: Cardholder, CompanyID: "norrsken", look: look{skin: rosy, hair: bald, tone: straw, clothes: slate, beard: true},
	}),
	same(Person{
		ID: "asa", GivenName: "Åsa", Surname: "Öberg Lind", BankIDGiven: "ÅSA MARIE", BankIDSurname: "ÖBERG LIND", PersonalNumber: "199002032382",
		Email: "asa.oberg.lind@post.example", Phone: "070-174 06 26", Nationality: "SE", Lang: "sv",
		Role: Cardholder, CompanyID: "norrsken", look: look{skin: fair, hair: bun, tone: honey, clothes: plum},
	}),
	same(Person{
		ID: "sean", GivenName: "Seán", Surname: "O’Brien", OrderedSurname: "O'Brien", BankIDGiven: "SEAN", BankIDSurname: "O'BRIEN", PersonalNumber: "198608222397",
		Email: "sean.obrien@post.example", Phone: "070-174 06 27", Nationality: "IE", Lang: "en",
		Role: Cardholder, CompanyID: "norrsken", look: look{skin: rosy, hair: curls, tone: copper, clothes: moss},
	}),
	same(Person{
		ID: "darius", GivenName: "Darius", Surname: "Kazlauskas", OrderedSurname: "Kazlaukas", PersonalNumber: "199203182390",
		Email: "darius.k@post.example", Phone: "070-174 06 28", Nationality: "LT", Lang: "en",
		Role: Cardholder, CompanyID: "furuborg", look: look{skin: warm, hair: short, tone: night, clothes: ochre, glasses: true},
	}),
	same(Person{
		ID: "wojciech", GivenName: "Wojciech", Surname: "Wojciechowski-Brzęczyszczykiewicz", PersonalNumber: "198806072396",
		Email: "wojciech.wb@post.example", Phone: "070-174 06 29", Nationality: "PL", Lang: "en",
		Role: Cardholder, CompanyID: "zolcinski", look: look{skin: tan, hair: curls, tone: chestnut, clothes: sea, beard: true},
	}),

	same(Person{
		ID: "tove", GivenName: "Tove", Surname: "Granlund", PersonalNumber: "198111042381",
		Email: "tove.granlund@kortverk.example", Phone: "070-174 06 31", Nationality: "SE", Lang: "sv",
		Role: Reviewer, look: look{skin: rosy, hair: long, tone: honey, clothes: petrol, glasses: true},
	}),
	same(Person{
		ID: "maj", GivenName: "Maj", Surname: "Ström", PersonalNumber: "197605182380",
		Email: "maj.strom@kortverk.example", Phone: "070-174 06 32", Nationality: "SE", Lang: "sv",
		Role: Production, look: look{skin: fair, hair: bun, tone: silver, clothes: sea},
	}),
	same(Person{
		ID: "ivar", GivenName: "Ivar", Surname: "Holm", PersonalNumber: "197008252392",
		Email: "ivar.holm@kortverk.example", Phone: "070-174 06 33", Nationality: "SE", Lang: "sv",
		Role: Officer, look: look{skin: warm, hair: short, tone: silver, clothes: plum, beard: true},
	}),
}

// same fills the spellings that do not differ, and an address.
func same(p Person) Person {
	for _, s := range []struct {
		to   *string
		from string
	}{
		{&p.OrderedGiven, p.GivenName},
		{&p.OrderedSurname, p.Surname},
		{&p.BankIDGiven, p.GivenName},
		{&p.BankIDSurname, p.Surname},
		{&p.Street, "Provgatan 1"},
		{&p.Postcode, "444 44"},
		{&p.City, "Exempelstad"},
	} {
		if *s.to == "" {
			*s.to = s.from
		}
	}
	return p
}
