package cast

import "slices"

// Role is what a person of the cast does. A person with a staff role may still
// be somebody's cardholder.
type Role string

// The roles.
const (
	Orderer    Role = "orderer"
	Cardholder Role = "cardholder"
	Reviewer   Role = "reviewer"
	Production Role = "production"
	Officer    Role = "officer"
)

// Company is an employer in the sandbox world.
type Company struct {
	ID, Name           string
	OrganisationNumber string // ten digits
	Industry           string
	Street, Postcode   string
	City, Country      string
	DeliveryName       string // the name of its delivery address
	Email              string
}

// Person is somebody in the sandbox world.
type Person struct {
	ID                           string
	GivenName, Surname           string // as the person writes it
	OrderedGiven, OrderedSurname string // as the orderer types it
	BankIDGiven, BankIDSurname   string // as the eID gives it
	PersonalNumber               string // twelve digits
	Email, Phone                 string
	Nationality                  string // ISO 3166 alpha-2
	Lang                         string // "sv" or "en"
	Role                         Role
	CompanyID                    string // employer of an orderer or a cardholder, "" for the scheme's staff
	Street, Postcode, City       string
	look                         look
}

// Name is the whole name as the person writes it.
func (p Person) Name() string { return p.GivenName + " " + p.Surname }

// Long is the personal number with the hyphen, as people type it.
func (p Person) Long() string { return p.PersonalNumber[:8] + "-" + p.PersonalNumber[8:] }

// BirthDate is the day in the personal number, in ISO form.
func (p Person) BirthDate() string {
	return p.PersonalNumber[:4] + "-" + p.PersonalNumber[4:6] + "-" + p.PersonalNumber[6:8]
}

// Companies are all companies; the first is the one the walkthrough follows.
func Companies() []Company { return slices.Clone(companies) }

// People are all people, orderers first.
func People() []Person { return slices.Clone(people) }

// ByID finds a person.
func ByID(id string) (Person, bool) {
	return find(func(p Person) bool { return p.ID == id })
}

// ByPersonalNumber finds a person by the twelve digits.
func ByPersonalNumber(number string) (Person, bool) {
	return find(func(p Person) bool { return p.PersonalNumber == number })
}

// WithRole are the people with a role.
func WithRole(r Role) []Person {
	return slices.DeleteFunc(People(), func(p Person) bool { return p.Role != r })
}

// CompanyByID finds a company.
func CompanyByID(id string) (Company, bool) {
	i := slices.IndexFunc(companies, func(c Company) bool { return c.ID == id })
	if i < 0 {
		return Company{}, false
	}
	return companies[i], true
}

func find(is func(Person) bool) (Person, bool) {
	i := slices.IndexFunc(people, is)
	if i < 0 {
		return Person{}, false
	}
	return people[i], true
}
