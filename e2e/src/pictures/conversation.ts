/** One message of a picture. */
export interface Line {
  readonly by: string;
  /** Hours and minutes of {@link day}. */
  readonly at: string;
  /** No two of all pictures are alike: by its text a message gets its time. */
  readonly text: string;
}

/** A room as it stands before a picture is made. */
export interface PicturedRoom {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** When all of it happens, in the time zone of the pictures. */
export const day = '2026-09-14';
/** When the pictures are made. */
export const now = '09:12';

const teacher = 'Ms Rivera';
const pupil = '小雨';

/** Everybody, in the order in which they register: their numbers, and so their colours, hang on it. */
export const people = [teacher, pupil, 'Amara', 'Ben', 'Chiara', '陈老师', '浩然', '思琪'] as const;

export const biology: PicturedRoom = {
  name: 'Biology 9b',
  lines: [
    { by: teacher, at: '09:00', text: 'Good morning everybody 👋' },
    {
      by: teacher,
      at: '09:00',
      text: 'The notes for today are at https://example.org/biology/9b/leaves, the diagram is on page 3.',
    },
    { by: 'Amara', at: '09:01', text: 'Good morning! I can open them on my tablet 👍' },
    { by: 'Ben', at: '09:02', text: 'Do we hand in the lab report today or on Friday?' },
    { by: teacher, at: '09:03', text: 'On Friday. One page is enough, and this time label the axes 😄' },
    { by: pupil, at: '09:04', text: '老师早上好！摘要可以用中文写吗？' },
    {
      by: teacher,
      at: '09:05',
      text: 'Of course, 小雨: the summary in Chinese, and one sentence in English.',
    },
    { by: pupil, at: '09:05', text: '好的，谢谢老师 🌱' },
    { by: 'Chiara', at: '09:07', text: 'Why are leaves green, when it is red and blue light that they use?' },
    {
      by: teacher,
      at: '09:08',
      text: 'That is the reason: green is what they do not use, so it comes back to our eyes.',
    },
    { by: 'Ben', at: '09:09', text: '🤯' },
  ],
};

export const chinese: PicturedRoom = {
  name: '七年级三班 · 语文',
  lines: [
    { by: '陈老师', at: '08:55', text: '同学们早上好 👋 今天我们接着读《春》，请翻到第 12 页。' },
    { by: '思琪', at: '08:56', text: '老师早上好！' },
    { by: '浩然', at: '08:57', text: '请问作文要写多少字？' },
    { by: '陈老师', at: '08:58', text: '六百字左右，星期五之前交。写得出你看到的春天就好 🌸' },
    { by: pupil, at: '09:00', text: '可以写学校门口的那棵玉兰吗？' },
    { by: '陈老师', at: '09:01', text: '当然可以。先写颜色和气味，再写你站在树下想到了什么。' },
    {
      by: '陈老师',
      at: '09:02',
      text: '范文和朗读录音都在这里：\nhttps://example.org/yuwen/chun',
    },
    { by: '思琪', at: '09:04', text: '录音听到了，很清楚 👍' },
    {
      by: pupil,
      at: '09:06',
      text: '我找到一句英文的：“If winter comes, can spring be far behind?” 可以引用吗？',
    },
    { by: '陈老师', at: '09:08', text: '很好，引用时请写上作者：雪莱。' },
    { by: '浩然', at: '09:10', text: '收到，谢谢老师！' },
  ],
};

/** Said in rooms that are not shown, while the picture's person looks elsewhere. */
export const elsewhere: readonly PicturedRoom[] = [
  {
    name: 'School trip 🚌',
    lines: [
      { by: 'Chiara', at: '09:10', text: 'When does the bus leave?' },
      { by: 'Amara', at: '09:11', text: 'At 7:30, from the front gate' },
      { by: 'Ben', at: '09:11', text: 'Who brings the speaker?' },
    ],
  },
  { name: 'Chess club', lines: [] },
];

const times = new Map(
  [biology, chinese, ...elsewhere].flatMap(({ lines }) => lines).map(({ text, at }) => [text, at]),
);

/** When a message of the pictures was sent: `hh:mm`; of others when the pictures are made. */
export const timeOf = (text: string): string => times.get(text) ?? now;
