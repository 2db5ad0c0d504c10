/**
 * Nothing goes round in circles: neither files, nor folders of one project. The folders that hold the others (`src` of a project, `src/app` of the
 * site, `tools/lib`) are above them with what puts them together, and below them with what all of them use; only their files are asked.
 */
const holds = { pathNot: '(^|/)(src|src/app|tools/lib)$' };

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'files-in-a-circle',
      severity: 'error',
      comment:
        'Move what both need to where it belongs, or let the lower one say what it needs in an interface of its own.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'folders-in-a-circle',
      severity: 'error',
      comment: 'One of these folders stands above the other: see docs/ARCHITECTURE.md, "Arrows".',
      scope: 'folder',
      from: holds,
      to: { circular: true, ...holds },
    },
  ],
  options: {
    includeOnly: '^(apps|libs|e2e|tools)/',
    // Tests use what is above, too.
    exclude:
      '(^|/)(node_modules|dist|generated)/|src/testing/|[.](spec|int-spec|fault-spec|e2e-spec|fixture|conformance)[.]tsx?$',
    // Types alone are arrows, too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs'] },
  },
};
