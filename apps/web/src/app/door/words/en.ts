/** The texts of the door in English. `DoorTexts` is the shape that each other language must fill. */
export const en = {
  join: {
    title: 'You are invited',
    into: (room: string) => `You come into the room “${room}”.`,
    asked: 'A host lets people in: you wait for a moment.',
    name: 'Your name',
    nameHint: 'Everybody in the room sees it. Inside, /nick and another name change it.',
    nameMissing: 'Type the name that the others are to see.',
    submit: 'Come in',
    working: 'Coming in…',
    open: (room: string) => `Open “${room}”`,
    asAccount: (name: string) => `You are logged in as ${name}.`,
    needsAccount: 'This invitation is for people with an account. Log in, and you are there.',
    login: 'Log in',
    register: 'Create an account',
    haveAccount: 'Have an account?',
    retry: 'Try again',
    toTheChat: 'Go to the chat',
    retryIn: (seconds: number) =>
      seconds === 1 ? 'Try again in 1 second.' : `Try again in ${seconds} seconds.`,
    notMe: 'Not you? Log out',
  },
  lobby: {
    title: 'Please wait',
    waits: (room: string) => `A host will let you into “${room}”.`,
    hint: (name: string) => `You wait as ${name}. Keep this page open: the room comes by itself.`,
    denied: (room: string) => `The hosts of “${room}” did not let you in this time.`,
    over: 'The invitation has ended, or you were away for too long.',
    theRoom: 'the room',
    leave: 'Leave',
    back: 'Back to the invitation',
  },
  code: {
    title: 'Join with a code',
    code: 'Code of the room',
    hint: 'Six letters and digits, from who invites you.',
    malformed: 'A code has six letters and digits.',
    unknown: 'No room has this code. It may have been changed: ask for the new one.',
    password: 'Password of the room',
    passwordHint: 'This room has one. Who gave you the code knows it.',
    passwordMissing: 'Type the password of the room.',
  },
};

export type DoorTexts = typeof en;
