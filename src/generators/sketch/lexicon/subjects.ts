/**
 * What can be drawn, by group. A line is `icon*size[@setting][ place]: words`. Size is the height of the thing beside a
 * grown person, who is 1, with large differences made small as in a picture book. The icon's own name, with spaces, is
 * always one of its words. The setting is where it is at home when the prompt does not say.
 */
export interface Group {
  readonly tags: readonly string[];
  readonly place: Place;
  readonly setting: string;
  readonly lines: string;
}

/**
 * `stand`: on the ground. `float`: on water where there is some. `swim`: under water. `fly`: in the air. `space`: in the
 * sky, and larger in space. `bust`: head and shoulders, from the lower edge. `head`: a face, which gets a body.
 */
export type Place = "stand" | "float" | "swim" | "fly" | "space" | "bust" | "head" | "table";

export const GROUPS: readonly Group[] = [
  {
    tags: ["animal", "pet"],
    place: "stand",
    setting: "park",
    lines: `
cat*.62: kitten, kitty, tabby, feline, tomcat, ginger cat, cats
black-cat*.62: panther, witch cat
dog*.66: puppy, doggy, hound, labrador, golden retriever, retriever, corgi, beagle, terrier, husky, dachshund, pup, canine, shepherd dog, german shepherd, dogs
poodle*.62:
rabbit*.5: bunny, hare
turtle*.42: tortoise
snail*.32:
hedgehog*.42: porcupine
parrot*.5: macaw, cockatoo, budgie, parakeet
rat*.38:
mouse*.36: mice
hamster*.5 head: guinea pig, gerbil
lizard*.44: gecko, salamander, chameleon, iguana
`,
  },
  {
    tags: ["animal", "farm"],
    place: "stand",
    setting: "farm",
    lines: `
cow*1: calf, cattle, bull
ox*1:
pig*.7: piglet, hog
boar*.6 bust: wild boar
horse*1.15: pony, stallion, mare, foal, mustang, steed
donkey*.95: mule
goat*.75: kid goat
ewe*.72: sheep, lamb
ram*.75:
rooster*.5: hen, chicken, cockerel
turkey*.55:
baby-chick*.34: chick
hatching-chick*.36:
duck*.42 float: duckling, mallard
goose*.55 float: geese
llama*1: alpaca
sheaf-of-rice*.6: wheat, grain, rice plant
tractor*1.15:
`,
  },
  {
    tags: ["animal", "wild"],
    place: "stand",
    setting: "forest",
    lines: `
deer*1.05: stag, doe, fawn, reindeer, elk, gazelle, antelope, moose, impala
fox*.7 head: vixen, red fox
wolf*.85 head: wolves, grey wolf, gray wolf
bear*.95 head: grizzly, brown bear, bear cub
raccoon*.62 head: red panda, racoon
badger*.52:
beaver*.55:
otter*.5: sea otter
skunk*.5: ferret, weasel
chipmunk*.42: squirrel
owl*.55:
bat*.42 fly: bats
gorilla*1: ape
monkey*.72@jungle: chimp, chimpanzee
orangutan*.9@jungle: orang utan
sloth*.6@jungle:
koala*.75@jungle head:
panda*.95@bamboo head: panda bear, giant panda
tiger*.9@jungle: tigress, bengal tiger
leopard*.85@savanna: cheetah, jaguar, lynx, bobcat, puma, cougar, ocelot
lion*.95@savanna head: lioness, lion cub
elephant*1.5@savanna: elephants
mammoth*1.5@snow: woolly mammoth
giraffe*1.7@savanna:
zebra*1@savanna:
rhinoceros*1.15@savanna: rhino
hippopotamus*1.1@savanna: hippo
bison*1.1@field: buffalo
water-buffalo*1.1@field:
camel*1.2@desert: dromedary
two-hump-camel*1.2@desert: bactrian camel
kangaroo*1@savanna: wallaby
crocodile*.8@river: alligator, caiman
snake*.55@jungle: python, cobra, serpent
frog*.5@lake head: toad
scorpion*.4@desert:
sauropod*1.8@jungle: dinosaur, brontosaurus, brachiosaurus, diplodocus, dino
t-rex*1.6@jungle: tyrannosaurus, trex, tyrannosaurus rex, raptor, velociraptor
dodo*.6@jungle:
phoenix-bird*.9@sky fly: phoenix
dragon*1.5@castle: dragons, wyvern, drake
unicorn*1.2@meadow bust: unicorns, alicorn, pegasus
polar-bear*1@snow head: white bear
penguin*.62@snow:
seal*.6@snow float: sea lion, walrus
peacock*.72@garden:
flamingo*.85@lake: heron, stork, egret, pelican
swan*.6@lake float: swans, cygnet
spider*.36@forest: tarantula
spider-web*.5@forest: cobweb, web
ant*.34@meadow: ants
beetle*.34@meadow: bug
bug*.34@meadow: caterpillar
lady-beetle*.34@meadow: ladybug, ladybird
cricket*.34@meadow: grasshopper, mantis
worm*.34@garden: earthworm
`,
  },
  {
    tags: ["animal", "bird", "insect"],
    place: "fly",
    setting: "meadow",
    lines: `
bird*.42: robin, sparrow, songbird, cardinal, finch, hummingbird, swallow, bluebird, birds
blackbird*.42: crow, raven, magpie
dove*.42: pigeon, seagull, gull
eagle*.6@mountains: hawk, falcon, condor, vulture
butterfly*.34@meadow: moth, butterflies
honeybee*.32@meadow: bee, bumblebee, wasp, hornet
mosquito*.3@lake: gnat, dragonfly
fly*.3:
`,
  },
  {
    tags: ["animal", "sea", "fish"],
    place: "swim",
    setting: "underwater",
    lines: `
fish*.5: goldfish, salmon, trout, tuna, cod, carp, koi, school of fish
tropical-fish*.46: clownfish, angelfish, reef fish
blowfish*.46: pufferfish, puffer fish
dolphin*.85: porpoise, dolphins, orca
shark*1: great white, hammerhead
whale*1.5: blue whale, humpback, humpback whale
spouting-whale*1.4@sea float: sperm whale
octopus*.7: kraken
squid*.7: cuttlefish
jellyfish*.6: jelly fish, medusa
crab*.42@beach stand: hermit crab
lobster*.5: crayfish
shrimp*.4: prawn
spiral-shell*.4@beach stand: seashell, shell, conch, nautilus
coral*.5 stand: coral reef, corals
oyster*.4 stand: clam, mussel, pearl
person-merpeople*1: mermaid, merman
diving-mask*.4: snorkel, scuba
anchor*.6 stand:
`,
  },
  {
    tags: ["people"],
    place: "stand",
    setting: "park",
    lines: `
person-standing*1: person, someone, somebody, human, figure, adult, stranger, tourist, traveler, traveller, people, crowd, audience, hiker, wanderer, explorer
man-standing*1: man, guy, gentleman, father, dad, male, men, husband, boyfriend, uncle, son, brother, sailor, fisherman
woman-standing*1: woman, lady, mother, mom, mum, female, women, wife, girlfriend, aunt, daughter, sister, model
person-walking*1: walking person, pedestrian, walker
person-running*1: runner, jogger, running person, sprinter
woman-dancing*1: dancer, ballerina, ballet dancer, flamenco
man-dancing*1: disco dancer
person-biking*1.05@street: cycling, cyclist, biker, bike rider
person-in-lotus-position*.75: yoga, meditating person, yogi, monk, buddha
person-golfing*1: golfer
person-fencing*1: fencer
person-juggling*1 bust: juggler
person-surfing*.95@sea float: surfer, surfing
person-swimming*.5@sea float: swimmer
person-rowing-boat*.7@lake float: rower
skier*.95@snow: skiing
snowboarder*.95@snow: snowboarding
person-climbing*1@mountains: climber, mountaineer, rock climber
person-cartwheeling*.9: acrobat, gymnast
person-bouncing-ball*1: basketball player, athlete
person-playing-handball*1: soccer player, football player, tennis player, handball player
person-lifting-weights*.9: weightlifter, bodybuilder
person-kneeling*.7:
person-fairy*.9@forest fly: fairy, pixie
person-in-manual-wheelchair*.9: wheelchair user, person in a wheelchair
horse-racing*1.2@field: jockey, horse rider, knight on horse, cowboy on a horse
`,
  },
  {
    tags: ["people"],
    place: "head",
    setting: "park",
    lines: `
boy*.72: lad, schoolboy
girl*.72: schoolgirl, little girl, lass
child*.7: kid, children, toddler, youngster
baby*.55: infant, newborn
old-man*.95: grandfather, grandpa, elderly man
old-woman*.95: grandmother, grandma, granny, elderly woman
older-person*.95: elder, elderly person, senior
santa-claus*1@snow: santa, father christmas
mrs-claus*1@snow:
alien*.8@space: extraterrestrial, martian
robot*.95@city: android, droid, cyborg, mech, bot, automaton
clown-face*.9: clown, jester
`,
  },
  {
    tags: ["people"],
    place: "bust",
    setting: "park",
    lines: `
astronaut*1@space: cosmonaut, spaceman, spacewoman, space explorer
artist*1: painter, illustrator
farmer*1@farm: gardener, rancher, cowboy, cowgirl, scarecrow
cook*1@kitchen: chef, baker
firefighter*1@street: fireman
police-officer*1@street: policeman, policewoman, cop, officer
health-worker*1@room: doctor, nurse, surgeon, medic
scientist*1@room: chemist, researcher, professor, inventor
teacher*1@room: tutor
student*1@park: pupil, graduate, scholar
technologist*1@room: programmer, developer, hacker, engineer, coder
office-worker*1@city: businessman, businesswoman, manager, accountant
pilot*1@sky: aviator, captain
mechanic*1@street: plumber
factory-worker*1@city: welder, worker
construction-worker*1@city: builder, carpenter
judge*1@room: lawyer, attorney
singer*1@city: rock star, rockstar, musician, popstar, performer, dj
detective*1@city: spy, investigator, sherlock
guard*1@castle: soldier, royal guard
ninja*1@japan: samurai, assassin, shinobi
prince*1@castle:
princess*1@castle: queen, empress
person-with-crown*1@castle: king, monarch, emperor, royalty
person-mage*1@forest: wizard, mage, witch, sorcerer, sorceress, magician, warlock
person-elf*1@forest: elf, elves, ranger, druid, hobbit
person-genie*1@desert: genie, djinn
person-superhero*1@city: superhero, hero, heroine
person-vampire*1@castle: vampire, dracula
person-with-veil*1@garden: bride
person-in-tuxedo*1@garden: groom, butler
person-zombie*1@forest: zombie
troll*1@mountains: ogre, orc, giant
person-wearing-turban*1@desert: sultan
person-beard*.9 head: bearded man, viking, pirate, lumberjack, dwarf
`,
  },
  {
    tags: ["vehicle", "car"],
    place: "stand",
    setting: "street",
    lines: `
automobile*1: car, sedan, sports car, vehicle, ferrari, porsche, coupe, convertible, tesla, vintage car
taxi*1: cab, yellow cab
bus*1.25: coach, school bus, double decker
minibus*1.1: van, camper, campervan, camper van, vw bus
sport-utility-vehicle*1.05: suv, jeep, offroader, land rover
pickup-truck*1.05: pickup, truck
delivery-truck*1.2: lorry, delivery van
articulated-lorry*1.3: semi truck
racing-car*.85: race car, formula 1, f1 car, racecar
police-car*1: cop car
ambulance*1.15:
fire-engine*1.2: fire truck, firetruck
motorcycle*.9: motorbike, harley
motor-scooter*.85: vespa, moped
bicycle*.85: bike, tricycle
kick-scooter*.8: scooter
auto-rickshaw*1.05: tuk tuk, rickshaw
skateboard*.4: longboard
roller-skate*.4: rollerskate
tram-car*1.25: streetcar, cable car
tram*1.25: light rail
trolleybus*1.25:
train*1.25: subway, metro train
locomotive*1.25@field: steam train, steam engine, steam locomotive, old train
bullet-train*1.15@field: shinkansen
high-speed-train*1.15@field: express train
railway-car*1.25@field: wagon, carriage
monorail*1.1@city:
stop-sign*.7: traffic sign
vertical-traffic-light*.9: traffic light, traffic lights
fuel-pump*.8: gas station, petrol station
shopping-cart*.6: trolley
`,
  },
  {
    tags: ["vehicle", "boat"],
    place: "float",
    setting: "sea",
    lines: `
sailboat*1.2: sailing boat, yacht, sail boat, sailing ship, boat, dinghy, sailing, pirate ship, galleon
speedboat*.9:
motor-boat*.95: motorboat
canoe*.7@lake: kayak, rowing boat, rowboat, gondola, raft
ship*1.4: cargo ship, vessel, titanic, steamship, viking ship, longship, warship
passenger-ship*1.4: cruise ship, ocean liner
ferry*1.3:
ring-buoy*.4: lifebuoy, life ring
`,
  },
  {
    tags: ["vehicle", "aircraft"],
    place: "fly",
    setting: "sky",
    lines: `
airplane*.95: aeroplane, plane, jet, airliner, aircraft, jumbo jet
small-airplane*.85: biplane, propeller plane, glider
helicopter*.85: chopper, drone
hot-air-balloon*1.2: hot air balloons, air balloon, zeppelin, airship, blimp
parachute*.9: paraglider, skydiver
kite*.7@park: kites
balloon*.7@park: red balloon, balloons
aerial-tramway*.7@mountains: gondola lift, ropeway
rocket*1.1@space: spaceship, spacecraft, space ship, space shuttle, starship, rocket ship, shuttle
flying-saucer*.85@space: ufo, alien ship, spaceships
satellite*.7@space: space station, space probe
`,
  },
  {
    tags: ["celestial"],
    place: "space",
    setting: "space",
    lines: `
ringed-planet*1.2: saturn, planet, planets
globe-showing-europe-africa*1.2: earth, globe, world, planet earth
globe-showing-americas*1.2:
comet*.6: asteroid, meteor, meteorite
`,
  },
  {
    tags: ["building"],
    place: "stand",
    setting: "hills",
    lines: `
house*1.7: home, cottage, bungalow, villa, cabin, farmhouse, log cabin, mansion
house-with-garden*1.7@garden:
houses*1.7@hills: village, town, suburb, neighborhood, neighbourhood
hut*1.4: shack, hobbit hole, mud hut
castle*2.2: fortress, palace, citadel, chateau, fairy tale castle, fairytale castle
japanese-castle*2.1@japan: pagoda, chinese temple, dojo
shinto-shrine*1.6@japan: torii, torii gate, shrine
church*1.8: chapel, cathedral, abbey, monastery
mosque*1.8@desert: taj mahal
hindu-temple*1.8@jungle: angkor wat, ancient temple
synagogue*1.8@city:
classical-building*1.7: temple, museum, parthenon, greek temple, courthouse, pantheon, acropolis, university
bank*1.7@city:
school*1.7@city:
hospital*1.8@city: clinic
hotel*1.8@city:
office-building*2.1@city: skyscraper, apartment building, apartment, building, office, buildings
department-store*1.9@city: mall
convenience-store*1.5@city: shop, store, supermarket, market
post-office*1.7@city:
factory*1.9@city: power plant
stadium*1.7@city: arena, colosseum
circus-tent*1.8@park: circus, big top, carnival
ferris-wheel*2@park: fair, funfair, amusement park, fairground
roller-coaster*1.9@park: rollercoaster, theme park
carousel-horse*1.1@park: carousel, merry go round
playground-slide*1@park: playground, slide
fountain*1.1@park: fountains
statue-of-liberty*2@city: statue, liberty
tokyo-tower*2.3@city: eiffel tower, eiffel, tower, paris, radio tower
moai*1.2@hills: easter island
tent*.9@forest: camping, camp, tents, campsite
derelict-house*1.7@forest: haunted house, ruin, ruins, abandoned house
stone-bridge*1.1@river: bridge, aqueduct
lighthouse*2.3@beach: light house, beacon
windmill*2.1@field: mill, wind mill, wind turbine
pyramid*2@desert: pyramids, giza, egyptian pyramid
igloo*1@snow: ice house
barn*1.6@farm: stable, farm house, silo
well*.8@garden: wishing well
campfire*.55@forest: bonfire, fire, camp fire, flame, fireplace
building-construction*1.9@city: crane, construction site
street-lamp*1.5@street: lamppost, lamp post, street light, streetlight, lantern post
`,
  },
  {
    tags: ["plant", "tree"],
    place: "stand",
    setting: "field",
    lines: `
deciduous-tree*1.9: tree, oak, oak tree, maple tree, trees, birch, willow, apple tree, tree of life, beech
evergreen-tree*1.8@forest: pine, pine tree, fir, spruce, conifer, pines, cedar, fir tree
palm-tree*1.8@beach: palm, palms, coconut tree
blossom-tree*1.9@japan: cherry tree, sakura, cherry blossom tree, blossoming tree, cherry blossoms
cactus*1@desert: cacti, saguaro, succulent
christmas-tree*1.6@snow: xmas tree
tanabata-tree*1.4@bamboo: bamboo
bush*.7@garden: shrub, hedge, bushes
`,
  },
  {
    tags: ["plant", "flower"],
    place: "stand",
    setting: "garden",
    lines: `
sunflower*.85@field: sunflowers
tulip*.6: tulips, crocus
rose*.62: roses
hibiscus*.55: orchid
blossom*.55: daisy, daisies, flower, flowers, wildflower, wildflowers, chamomile, wild flower
hyacinth*.6: lavender, lilac, bluebell, iris
cherry-blossom*.5: petal
rosette*.5: marigold, dahlia, chrysanthemum
lotus*.5@lake float: water lily, waterlily, lily, lily pad
wilted-flower*.55:
bouquet*.6@table: flower bouquet, bunch of flowers
potted-plant*.8@room: houseplant, house plant, plant, plants, bonsai, pot plant
seedling*.4: sprout, sapling
four-leaf-clover*.4: clover
shamrock*.4:
herb*.4: herbs, basil, mint, leaf
fallen-leaf*.4@autumn-park: autumn leaf, fallen leaves
maple-leaf*.45@autumn-park:
mushroom*.5@forest: toadstool, mushrooms, fly agaric
brown-mushroom*.45@forest: chanterelle
rock*.5@mountains: stone, boulder, rocks, stones
wood*.4@forest: log, tree stump, stump
`,
  },
];
