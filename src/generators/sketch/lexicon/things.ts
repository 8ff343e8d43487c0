import type { Group } from "./subjects.ts";

/** Small things, which lie on a table when the prompt names no other place. */
export const THINGS: readonly Group[] = [
  {
    tags: ["food", "fruit"],
    place: "table",
    setting: "table",
    lines: `
red-apple*.5: apple, apples
green-apple*.5:
pear*.52:
tangerine*.48: mandarin, clementine, orange
lemon*.48: lemons, citrus
lime*.46: limes
banana*.52: bananas, plantain
watermelon*.6: melon slice
grapes*.54: grape
strawberry*.46: strawberries, berry, berries, raspberry
blueberries*.44: blueberry, blackberry
melon*.56: cantaloupe
cherries*.46: cherry
peach*.48: apricot, nectarine, plum
mango*.5: papaya
pineapple*.72: ananas
coconut*.5:
kiwi-fruit*.46: kiwi
tomato*.46: tomatoes
olive*.4: olives
avocado*.52: avocados, guacamole
eggplant*.54: aubergine
potato*.46: potatoes
carrot*.54: carrots
ear-of-corn*.54: corn, maize
hot-pepper*.5: chili, chilli, chili pepper, jalapeno
bell-pepper*.5: pepper, paprika
cucumber*.5: zucchini, pickle
leafy-green*.5: lettuce, cabbage, salad leaf, spinach, kale
broccoli*.52: cauliflower
garlic*.44:
onion*.46: onions
peanuts*.44: peanut, nuts, nut
chestnut*.42: acorn, hazelnut
pea-pod*.46: pea, peas
beans*.44: bean
ginger-root*.46: ginger
jack-o-lantern*.62@autumn-park: pumpkin, pumpkins, halloween, gourd
`,
  },
  {
    tags: ["food", "meal"],
    place: "table",
    setting: "table",
    lines: `
bread*.52: loaf, toast
croissant*.48: pastry
baguette-bread*.54: baguette
pretzel*.46:
bagel*.46:
pancakes*.5: pancake
waffle*.48: waffles
cheese-wedge*.5: cheese, cheddar
meat-on-bone*.5: meat, rib
poultry-leg*.5: drumstick, fried chicken, roast chicken
cut-of-meat*.5: steak, beef
bacon*.46:
hamburger*.56: burger, cheeseburger
french-fries*.54: fries, chips
pizza*.56: pizza slice
hot-dog*.52: hotdog, sausage
sandwich*.52:
taco*.5: tacos
burrito*.5: wrap
stuffed-flatbread*.5: kebab, gyro, doner
falafel*.44:
egg*.42: eggs, easter egg
cooking*.54: fried egg, frying pan, omelette
pot-of-food*.56: stew, soup, casserole
shallow-pan-of-food*.54: paella, pan
bowl-with-spoon*.5: bowl, cereal, porridge
green-salad*.54: salad
popcorn*.56:
butter*.42:
canned-food*.5: can
bento-box*.54: bento, lunch box
rice-ball*.46: onigiri
cooked-rice*.5: rice, rice bowl
curry-rice*.5: curry
steaming-bowl*.56: ramen, noodles, noodle soup, pho, bowl of noodles
spaghetti*.52: pasta, noodle
sushi*.48: sashimi
dumpling*.46: dumplings, gyoza, ravioli
fortune-cookie*.42:
takeout-box*.52: takeout, chinese food
soft-ice-cream*.58: ice cream cone, gelato
ice-cream*.54: sundae
shaved-ice*.54: sorbet
doughnut*.5: donut, donuts
cookie*.46: biscuit, cookies
birthday-cake*.62: cake, birthday, wedding cake
shortcake*.54: slice of cake, cake slice, cheesecake
cupcake*.52: muffin
pie*.5: apple pie, tart
chocolate-bar*.48: chocolate
candy*.44: candies, sweets, sweet
lollipop*.54:
custard*.46: pudding, flan
honey-pot*.54: honey, honey jar
glass-of-milk*.5: milk
hot-beverage*.5: coffee, tea, cup, mug, espresso, cappuccino, latte, hot chocolate, cocoa, coffee cup, cup of coffee, cup of tea
teapot*.54: tea pot, kettle
teacup-without-handle*.46: teacup, tea cup, green tea
wine-glass*.6: wine, glass of wine, red wine
cocktail-glass*.58: cocktail, martini
tropical-drink*.58: mojito, juice, lemonade, smoothie
beer-mug*.58: beer
bottle-with-popping-cork*.66: bottle, champagne
clinking-glasses*.54: toast glasses, cheers
cup-with-straw*.58: soda, cola, milkshake, soft drink
bubble-tea*.58: boba
beverage-box*.52: juice box
tumbler-glass*.48: whiskey, whisky
baby-bottle*.5:
salt*.48: salt shaker
spoon*.5:
fork-and-knife-with-plate*.54: plate, dinner, lunch, breakfast, meal, food
chopsticks*.5:
jar*.52: mason jar
`,
  },
  {
    tags: ["object", "toy"],
    place: "table",
    setting: "room",
    lines: `
teddy-bear*.72: teddy, stuffed bear, plush, plushie, stuffed animal, toy bear, toy
wrapped-gift*.56: gift, present, presents, gifts
soccer-ball*.46@park: football, soccer
basketball*.46@park:
baseball*.42@park:
tennis*.52@park: tennis racket, tennis ball
volleyball*.46@beach:
american-football*.46@park:
rugby-football*.46@park: rugby
bowling*.6: bowling pins
pool-8-ball*.44: billiard, pool ball
chess-pawn*.56: chess, pawn, chess piece
game-die*.46: dice, die
puzzle-piece*.5: puzzle, jigsaw
video-game*.46: controller, gamepad, game controller
joystick*.52:
yo-yo*.46: yoyo
nesting-dolls*.6: matryoshka, doll, dolls
piata*.62: pinata
yarn*.46: wool, ball of yarn
thread*.48:
trophy*.6: cup trophy, award
sports-medal*.5: medal
crystal-ball*.56: magic ball
magic-wand*.52: wand
party-popper*.5@park: party, celebration, confetti
mirror-ball*.56: disco ball, disco
artist-palette*.52: palette, paint
framed-picture*.58: painting frame, picture frame
bow-and-arrow*.6@forest: bow
boomerang*.46@savanna:
sled*.5@snow: sleigh, toboggan
skis*.55@snow: ski
ice-skate*.5@snow: ice skates
snowman-without-snow*1@snow: snowman, snow man
fishing-pole*.8@lake: fishing rod, fishing
wind-chime*.6@garden:
red-paper-lantern*.6@japan: lantern, lanterns, paper lantern
diya-lamp*.44: oil lamp
guitar*.72: electric guitar, acoustic guitar, bass
violin*.68: cello, viola
trumpet*.54: horn
saxophone*.64: sax
drum*.56: drums, drum kit
long-drum*.64: bongo, djembe
accordion*.58:
banjo*.66: ukulele
flute*.54:
maracas*.52:
musical-keyboard*.56: piano, keyboard instrument, synthesizer, grand piano
musical-notes*.5 fly: music, melody, song
microphone*.54:
headphone*.54: headphones, earphones
radio*.54: boombox
`,
  },
  {
    tags: ["object", "household"],
    place: "table",
    setting: "room",
    lines: `
closed-book*.5: book, novel, tome, red book
books*.56: stack of books, library books
open-book*.54: reading, spellbook, spell book
laptop*.54: notebook computer, macbook
desktop-computer*.6: computer, pc, monitor, screen
keyboard*.42: typewriter
mobile-phone*.52: phone, smartphone, iphone, cellphone, cell phone
telephone*.5: old phone, rotary phone
television*.62: tv, tv set
camera*.54: photo camera
movie-camera*.6: film camera
film-projector*.6: projector
light-bulb*.54: lightbulb, bulb, idea
candle*.54: candles, candlelight
flashlight*.5: torch
couch-and-lamp*1.1: couch, sofa, armchair, lamp
chair*.9: stool, chairs, rocking chair
bed*.8: bedroom bed
bathtub*.8: bath, tub
toilet*.7:
shower*.6:
door*1.3: doorway, portal
window*.9:
mirror*.7:
mantelpiece-clock*.56: clock, grandfather clock
alarm-clock*.52: alarm
watch*.5: wristwatch
hourglass-not-done*.58: hourglass, sand clock
telescope*.8@hills: spyglass
microscope*.6:
compass*.5:
world-map*.6: map, treasure map
luggage*.62: suitcase, baggage
backpack*.6: rucksack, schoolbag
handbag*.54: purse, bag
briefcase*.52:
amphora*.64: vase, urn, jug
umbrella*.9@park: parasol
closed-umbrella*.8:
beach-umbrella*1@beach: sunshade, beach parasol
glasses*.4: spectacles, eyeglasses
sunglasses*.4: shades
top-hat*.46: hat, tophat
billed-cap*.44: cap, baseball cap
womans-hat*.46: sun hat, straw hat, sunhat
crown*.46: tiara
graduation-cap*.46:
scarf*.5:
gloves*.46: glove, mittens
socks*.48: sock
t-shirt*.6: shirt, tshirt
jeans*.66: trousers, pants
dress*.72: gown
kimono*.72: robe
coat*.7: jacket
running-shoe*.44: shoe, sneaker, shoes, sneakers, trainers
high-heeled-shoe*.46: heels, high heels, stiletto
hiking-boot*.46: boot, boots
ring*.46: diamond ring, engagement ring
gem-stone*.5: diamond, gem, jewel, crystal, emerald, sapphire, ruby
money-bag*.56: money, treasure, gold coins
coin*.42: coins, gold coin
key*.46: keys
old-key*.5: golden key, antique key
locked*.46: lock, padlock
hammer*.52:
wrench*.52: spanner
screwdriver*.5:
gear*.5: cog, gears
toolbox*.52: tools
axe*.56@forest: hatchet
ladder*1@garden:
bucket*.48: pail
broom*.7: broomstick
basket*.54: picnic basket, wicker basket
scissors*.48:
pencil*.52: pencils
crayon*.5: crayons
paintbrush*.52: brush
fountain-pen*.52: pen, quill
scroll*.54: parchment
envelope*.48: letter, mail, postcard
package*.52: box, parcel, cardboard box
newspaper*.5:
calendar*.5:
bell*.5: bells
magnet*.48:
battery*.5:
test-tube*.5: potion, experiment
alembic*.56: flask, chemistry
satellite-antenna*.8@hills: radio telescope, dish
shield*.6@castle:
crossed-swords*.7@castle: sword, swords
money-with-wings*.46 fly: cash
bubbles*.5 fly: soap bubbles, bubble
closed-mailbox-with-raised-flag*.7@garden: mailbox
postbox*.8@street: post box
red-heart*.5: heart, love, valentine, hearts
blue-heart*.5:
ghost*.8@forest: spirit, phantom, spectre
skull*.5@forest: skeleton
sparkles*.4 fly: sparkle, glitter, magic
feather*.46 fly: feathers
paw-prints*.4: paw
globe-with-meridians*.5: internet
dna*.6: helix
abacus*.54:
balance-scale*.6: scales
ice*.46: ice cube, ice cubes
`,
  },
];
