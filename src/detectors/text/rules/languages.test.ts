import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../../contract/limits.ts";
import { loadList } from "./list.ts";
import { Matcher } from "./matcher.ts";
import { RulesOptions } from "./options.ts";
import { openRules } from "./rules.ts";

const detector = await openRules(RulesOptions.parse({}), { folder: "/", limits: DEFAULT_LIMITS });
const { signal } = new AbortController();

/** Ordinary prompts for pictures, one a line. */
const ORDINARY: Readonly<Record<string, string>> = {
  nl: `Een oude man zit op een bankje in het park
Een fiets tegen een gracht in Amsterdam bij zonsondergang
Kinderen spelen op blote voeten op het strand
Een molen in een veld vol tulpen, aquarel
Een kat slaapt op de vensterbank in de regen
Portret van een jonge vrouw met een rode sjaal
Een houten boot op een meer in de mist
De keuken van mijn grootmoeder, warm licht
Een vuurtoren tijdens een storm, olieverf
Twee vrienden drinken koffie op een terras
Een kip met kuikens op de boerderij
De Dom van Utrecht in de sneeuw
Een kind blaast bellen in de tuin
Een schaatser op natuurijs, winterlandschap
Stilleven met kaas, brood en druiven
Een astronaut op de maan, fotorealistisch
Een markt vol bloemen en vers fruit
De nachttrein naar Berlijn, filmstijl
Een hond rent achter een bal aan
Een bibliotheek met hoge plafonds en oude boeken`,
  ru: `Старик сидит на скамейке в осеннем парке
Девочка с воздушным шариком на площади
Москва зимой, вид с реки, акварель
Кот спит на подоконнике под дождем
Деревянная лодка на озере в тумане
Портрет молодой женщины в красном платке
Дети играют в снежки во дворе школы
Голые деревья на фоне закатного неба
Ночной поезд едет через сибирскую тайгу
Бабушка печет пирожки на старой кухне
Маяк во время шторма, масло, холст
Космонавт на поверхности луны
Белая лошадь бежит по полю
Натюрморт с гранатом, сыром и виноградом
Северное сияние над заснеженной деревней
Собор Василия Блаженного на рассвете
Мальчик запускает воздушного змея
Рынок с цветами и свежими фруктами
Большая библиотека со старыми книгами
Балерина на сцене, мягкий свет`,
  tr: `Yaşlı bir adam parkta bankta oturuyor
İstanbul Boğazı'nda gün batımı, suluboya
Çocuklar sahilde çıplak ayakla koşuyor
Kapadokya üzerinde sıcak hava balonları
Pencere kenarında uyuyan bir kedi
Kırmızı atkılı genç bir kadının portresi
Sisli bir gölde ahşap bir tekne
Büyükannemin mutfağı, sıcak ışık
Fırtınada bir deniz feneri, yağlı boya
İki arkadaş çay bahçesinde çay içiyor
Karla kaplı bir dağ köyü
Uçurtma uçuran küçük bir kız
Pazarda taze meyveler ve çiçekler
Ayda yürüyen bir astronot
Eski kitaplarla dolu büyük bir kütüphane
Kapalıçarşı'da renkli lambalar
Sık ormanda bir şelale
Galata Kulesi gece, uzun pozlama
Beyaz bir at tarlada koşuyor
Ağaçların altında piknik yapan aile`,
  ar: `رجل عجوز يجلس على مقعد في الحديقة
طفلة تلعب بالبالون في الساحة
غروب الشمس فوق أهرامات الجيزة
قطة نائمة على حافة النافذة
قارب خشبي على بحيرة في الضباب
صورة لامرأة شابة ترتدي وشاحا أحمر
أطفال يلعبون كرة القدم في الحي
سوق مليء بالتوابل والفواكه الطازجة
منارة أثناء عاصفة، لوحة زيتية
جدتي تخبز الخبز في المطبخ القديم
رائد فضاء يمشي على سطح القمر
حصان أبيض يركض في الصحراء
مسجد قديم عند الفجر، ألوان مائية
مكتبة كبيرة مليئة بالكتب القديمة
جمال تعبر الكثبان الرملية
صديقان يشربان القهوة في المقهى
نخيل على شاطئ البحر
شلال في غابة كثيفة
قرية جبلية مغطاة بالثلوج
فتاة صغيرة تطير طائرة ورقية`,
  hi: `एक बूढ़ा आदमी पार्क में बेंच पर बैठा है
बच्चे गली में क्रिकेट खेल रहे हैं
ताजमहल सूर्योदय के समय, जलरंग
खिड़की पर सोती हुई बिल्ली
कोहरे में झील पर लकड़ी की नाव
लाल साड़ी में एक युवती का चित्र
बाज़ार में ताज़े फल और फूल
दादी रसोई में रोटी बना रही हैं
तूफ़ान में एक प्रकाशस्तंभ, तैल चित्र
चाँद पर चलता हुआ अंतरिक्ष यात्री
खेत में दौड़ता सफ़ेद घोड़ा
पतंग उड़ाती छोटी लड़की
पुरानी किताबों से भरा पुस्तकालय
दिवाली की रात दीयों से सजा घर
घने जंगल में एक झरना
हिमालय की बर्फ़ से ढकी चोटियां
होली में रंगों से खेलते लोग
गंगा किनारे वाराणसी के घाट
मोर बारिश में नाचता हुआ
दो दोस्त चाय की दुकान पर बैठे हैं`,
  zh: `一位老人坐在公园的长椅上
孩子们在操场上放风筝
长城日出，水墨画风格
一只猫睡在窗台上，外面下着雨
雾中湖面上的一条木船
戴红围巾的年轻女子肖像
路口交通繁忙，夜晚的霓虹灯
奶奶在老厨房里包饺子
暴风雨中的灯塔，油画
宇航员走在月球表面
一匹白马在草原上奔跑
摆满鲜花和水果的市场
古老图书馆里的大量书籍
小女孩拿着气球站在广场上
竹林里的大熊猫正在吃竹子
天花板上吊着一盏红灯笼
做爱心早餐的爸爸
雪山下的藏族村庄
兩個朋友在茶館喝茶
巨大的瀑布流入深谷，山谷裸露的岩石`,
  ja: `公園のベンチに座る老人
凧揚げをする子供たち
富士山の日の出、水彩画
窓辺で眠る猫、外は雨
霧の湖に浮かぶ木の舟
赤いマフラーをした若い女性の肖像
夜の渋谷の交差点、ネオン
古い台所で餅を作る祖母
嵐の中の灯台、油絵
月面を歩く宇宙飛行士
草原を走る白い馬
花と果物でいっぱいの市場
古い本が並ぶ大きな図書館
風船を持った女の子が広場に立っている
桜並木の下を裸足で歩く少女
ヌードルを食べるパンダのイラスト
イエローとブルーの抽象画
オフィスにある古いファックス
グレイプフルーツのジュースと朝食
雪の積もった京都のお寺`,
};

describe("ordinary prompts are clean in", () => {
  test.each(Object.entries(ORDINARY))("%s", async (_language, prompts) => {
    const lines = prompts.split("\n");
    expect(lines).toHaveLength(20);
    for (const text of lines) {
      const labels = (await detector.inspect({ text }, signal)).map((finding) => finding.label);
      expect({ text, labels }).toEqual({ text, labels: [] });
    }
  });
});

describe("ways of writing", () => {
  const found = async (list: string, text: string) =>
    new Matcher((await loadList(list, "/")).rules, []).find(text).map(({ span }) => text.slice(...span));
  test("Arabic: with or without vowel marks, and with letters that keyboards mix", async () => {
    for (const text of ["مخدرات", "مُخَدِّرات", "مخـدرات"]) expect(await found("ar", `صورة ${text} هنا`)).toEqual([text]);
    expect(await found("ar", "إنتحار")).toEqual(["إنتحار"]);
    expect(await found("ar", "مذبحه")).toEqual(["مذبحه"]);
  });
  test("Hindi: with or without nukta, chandrabindu or anusvara", async () => {
    expect(await found("hi", "नाज़ी झंडा")).toEqual(["नाज़ी झंडा"]);
    expect(await found("hi", "अंतड़ियां, अँतड़ियाँ")).toEqual(["अंतड़ियां", "अँतड़ियाँ"]);
  });
  test("Turkish: without its dots, but never a harmless word for want of one", async () => {
    expect(await found("tr", "iskence odasi")).toHaveLength(1);
    expect(await found("tr", "İŞKENCE ODASI")).toHaveLength(1);
    expect(await found("tr", "sık sık, sıkıyor")).toEqual([]);
  });
  test("Chinese: simplified and traditional, with signs between the characters", async () => {
    expect(await found("zh", "一張納粹照片")).toEqual(["納粹"]);
    expect(await found("zh", "一张纳.粹照片")).toEqual(["纳.粹"]);
  });
  test("Russian: with Latin look-alikes in it", async () => {
    expect(await found("ru", "наpкoтики на столе")).toEqual(["наpкoтики"]);
  });
});
