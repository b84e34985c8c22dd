package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"strings"
)

// zipf draws indexes: the k-th is as frequent as 1/k^s.
type zipf struct{ sum []float64 }

func newZipf(n int, s float64) zipf {
	z := zipf{make([]float64, n)}
	total := 0.0
	for i := range n {
		total += 1 / math.Pow(float64(i+1), s)
		z.sum[i] = total
	}
	return z
}

func (z zipf) draw(r *rand.Rand) int {
	return sort.SearchFloat64s(z.sum, r.Float64()*z.sum[len(z.sum)-1])
}

// people are the names of one language, the most frequent first.
type people struct {
	nationality, lang string
	given, surnames   []string
	byGiven, bySur    zipf
}

func newPeople(nationality, lang, given, surnames string) people {
	g, s := strings.Fields(given), strings.Fields(surnames)
	return people{nationality, lang, g, s, newZipf(len(g), 0.7), newZipf(len(s), 0.8)}
}

var (
	swedish = newPeople("SE", "sv", `Erik Lars Karl Anders Johan Per Nils Mikael Jan Hans Peter Olof Lennart Gunnar Sven Fredrik Bengt Daniel Bo Gustav Göran
		Alexander Åke Magnus Stefan Martin Andreas John Mats Henrik Leif Björn Thomas Jonas Ulf Axel Robert Bertil Christer David Maria Anna
		Margareta Elisabeth Eva Kristina Birgitta Karin Marie Ingrid Linnéa Sofia Kerstin Lena Helena Marianne Emma Johanna Inger Cecilia
		Sara Elin Anita Ulla Susanne Katarina Åsa Jenny Hanna Annika Therese Gunilla Ida Malin Linda Agneta Julia Ann-Marie Lars-Erik Karl-Johan
		Ahmed Mohamed Ali Amina Fatima Hassan Ibrahim Omar Zahra Yusuf`,
		`Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson Pettersson Jonsson Jansson Hansson Bengtsson
		Jönsson Lindberg Jakobsson Magnusson Lindström Olofsson Lindqvist Lindgren Berg Axelsson Bergström Lundberg Lind Lundgren Lundqvist
		Mattsson Berglund Fredriksson Sandberg Henriksson Forsberg Sjöberg Ali Wallin Mohamed Engström Eklund Danielsson Lundin Håkansson
		Björk Bergman Gunnarsson Wikström Holm Samuelsson Isaksson Fransson Bergqvist Nyström Holmberg Arvidsson Löfgren Söderberg Nyberg
		Ahmed Blomqvist Claesson Nordström Hassan Mårtensson Lundström Viklund Björklund Eliasson Berggren Sandström Nordin Lund Falk Ström
		Åberg Ekström Hermansson Holmgren Dahlberg Hellström Hedlund Sundberg Sjögren Ek Blom Abrahamsson Öberg Martinsson Andreasson
		Strömberg Månsson Hansen Åkesson Dahl Lindholm Norberg Holmqvist Jonasson Ibrahim`)
	others = []people{
		newPeople("PL", "en", `Piotr Krzysztof Andrzej Tomasz Jan Paweł Michał Marcin Stanisław Jakub Adam Marek Łukasz Grzegorz Mateusz Wojciech Mariusz
			Dariusz Zbigniew Rafał Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Magdalena`,
			`Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski Kozłowski Mazur Jankowski
			Kwiatkowski Wojciechowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski
			Majewski Olszewski`),
		newPeople("LT", "en", `Jonas Tomas Mindaugas Darius Andrius Vytautas Marius Mantas Lukas Giedrius Rokas Saulius Eglė Rasa Jurgita`,
			`Kazlauskas Jankauskas Petrauskas Stankevičius Vasiliauskas Žukauskas Butkus Paulauskas Urbonas Kavaliauskas Navickas Ramanauskas
			Petraitis Šimkus Gudaitis`),
		newPeople("LV", "en", `Jānis Andris Juris Edgars Mārtiņš Pēteris Aleksandrs Artūrs Roberts Kristaps Anna Līga Ilze`,
			`Bērziņš Kalniņš Ozoliņš Jansons Ozols Liepiņš Krūmiņš Balodis Eglītis Zariņš Pētersons Vītols`),
		newPeople("EE", "en", `Andres Aleksandr Toomas Urmas Margus Rein Sander Martin Taavi Jaan Katrin Kristi Anneli`,
			`Ivanov Tamm Saar Sepp Mägi Smirnov Vassiljev Petrov Kask Kukk Rebane Ilves Koppel Kõiv`),
	}
)

// person is a human before it has an id.
type human struct {
	given, surname, nationality, lang string
}

// someone draws a name: seven in ten are Swedish; one in six Swedes has two surnames, as many have.
func someone(r *rand.Rand) human {
	p := &swedish
	if r.IntN(10) >= 7 {
		p = &others[min(r.IntN(8)/2, len(others)-1)]
		if r.IntN(2) == 0 {
			p = &others[0]
		}
	}
	h := human{p.given[p.byGiven.draw(r)], p.surnames[p.bySur.draw(r)], p.nationality, p.lang}
	if p == &swedish && r.IntN(6) == 0 {
		h.surname += " " + p.surnames[p.bySur.draw(r)]
	}
	return h
}

var (
	places = strings.Fields(`Furuborg Ekvik Granås Lindholmen Björknäs Almby Askersta Hasselö Rönnfors Videdal Sälgsjö Tallåsen Enbacka Lönnhult
		Bokenäs Avenbo Olvon Hägern Fläder Slånbär Nyponet Berga Hammarvik Stenkulla Sandvreten Klippan Udden Holmen Näset Åbacka`)
	trades = []string{
		"Bygg", "El", "VVS", "Måleri", "Plåt", "Tak", "Mark", "Anläggning", "Golv", "Ställning", "Betong", "Snickeri", "Isolering", "Ventilation",
		"Schakt", "Rivning", "Glas", "Kyl", "Larm", "Bemanning", "Transport", "Kran", "Mur", "Puts", "Kakel", "Fönster", "Stål", "Svets", "Asfalt", "Städ",
	}
	kinds = []string{"AB", "& Son AB", "i Väst AB", "Entreprenad AB", "Service AB", "Teknik AB", "Gruppen AB", "Partner AB", "i Norr AB", "Syd AB", "Mälardalen AB", "Konsult AB"}
)

// firm is the name of the i-th company: 10,800 combinations, then numbered.
func firm(i int) string {
	name := fmt.Sprintf("%s %s %s", places[i%len(places)], trades[i/len(places)%len(trades)], kinds[i/(len(places)*len(trades))%len(kinds)])
	if n := i / (len(places) * len(trades) * len(kinds)); n > 0 {
		name += fmt.Sprintf(" %d", n+1)
	}
	return name
}
