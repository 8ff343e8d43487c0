const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** The words that English texts have most: a list that flags one of them flags nearly everything. */
export const FREQUENT_WORDS = words(`
a about above after again against all almost along already also although always am among an and animal another any
anything are area around as ask at away back bad be beautiful because become been before began being best better between
big bird black blue body book both boy bright brother brown but by call came camera can car carry cat change child
children city clean clear close closed cloud cold color colour come could country cut dark day deep did different do does
dog done door down draw drawing dress each early earth easy eat else end enough even ever every everything eye face fall
family far fast father feel feet felt few field find fire first fish flower follow food for forest found four free friend
from front full game garden gave get girl give glass go gold gone good got great green group grow had hair half hand hard
has have he head hear heart heavy held help her here high him his hold home horse hot hour house how hundred i idea if
image in inside into is it its just keep kind knew know land large last late later learn leave left less let letter life
light like line little live long look lot love made make man many map may me mean men might mind moment money moon more
morning most mother mountain move much music must my name near need never new next night no north not nothing now number
of off often old on once one only open or orange order other our out outside over own page paint painting paper part
people person photo picture place plant play point portrait put question quick quiet rain ran read real red rest right
river road room round run said same saw say school sea second see seen set she short should show side simple since sit
sky sleep small snow so some something song soon south stand star start state still stood stop story street strong style
such summer sun sure table take talk tell ten than that the their them then there these they thing think this those
thought three through time to today together told too took top town tree true try turn two under until up us use very
view voice wait walk wall want war warm was watch water way we well went were west what when where which while white who
whole why wide will wind window winter with without woman women wood word work world would write year yellow yes yet you
young your
`);

/** Harmless longer words, in which short terms are found by accident. */
export const EVERYDAY_WORDS = words(`
accumulate ambassador analogue analysis analytics apartment appetite arsenal article assembly assess asset assist
assistant associate association assume assurance attitude banana bass basement bassoon blossom brass breakfast
butterfly buttercup button canal candle canvas capacity carpenter cartoon castle character charcoal chest chocolate class
classic classical climate cocktail cockpit cockatoo coconut collection compass competition computer constitution
contrast cotton craftsman cucumber cushion dessert diagram dickens document dragon embarrass embassy entertainment
environment essential expert feather festival flamingo fountain furniture glass gossamer grape grass habitat handkerchief
harass harassment hello helmet history holiday hospital illustration imagination institution instrument island
landscape language lantern magpie massage massive material matter meadow medicine molasses multitude museum
narrow necklace ornament parachute passage passenger passion passport peacock pastel pencil penguin peninsula
photographer pineapple potassium pumpkin rapeseed raspberry restaurant sandwich sapphire sausage scarf scrape scientist
screen sculpture shoulder sketch skill skyscraper snuggle spaceship spectacle splendid sparrow statue strawberry
sunflower sunset surpass sussex swallow symphony tassel telescope therapist therapeutic tiger titan title tobacco trapeze
trespass underwater university vegetable village violin watercolor watercolour waterfall weekend wilderness workshop
`);
