import type { DoorTexts } from './en.js';

/** The texts of the door in simplified Chinese. */
export const zh: DoorTexts = {
  join: {
    title: '你收到了邀请',
    into: (room: string) => `你将进入房间“${room}”。`,
    name: '你的名字',
    nameHint: '房间里的所有人都能看到，之后不能更改。',
    nameMissing: '请填写要让其他人看到的名字。',
    submit: '进入',
    working: '正在进入…',
    open: (room: string) => `打开“${room}”`,
    asAccount: (name: string) => `你已登录为 ${name}。`,
    needsAccount: '这个邀请面向有账号的人，登录后即可进入。',
    login: '登录',
    register: '注册账号',
    haveAccount: '已有账号？',
    retry: '重试',
    toTheChat: '前往聊天',
    retryIn: (seconds: number) => `请在 ${seconds} 秒后重试。`,
    notMe: '不是你？退出登录',
  },
  code: {
    title: '用房间码加入',
    code: '房间码',
    hint: '六位字母和数字，由邀请你的人提供。',
    malformed: '房间码是六位字母和数字。',
    unknown: '没有房间使用这个房间码。它可能已更换，请索取新的。',
    password: '房间密码',
    passwordHint: '这个房间设有密码，给你房间码的人知道它。',
    passwordMissing: '请输入房间密码。',
  },
};
