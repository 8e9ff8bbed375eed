import { markdown, type GraphiQLPlugin } from '@graphiql/react';
import { useEffect, useRef, useState, type MouseEvent } from 'react';

import { guides } from './pages';

// What says that a page is generated is for those who edit it.
const COMMENTS = /<!--[\s\S]*?-->/g;
const HELP = guides[0]!;
const PAGE_LINK = /^(?:docs\/)?([\w-]+)\.md(?:#(.*))?$/;

/** The documentation beside the query: a list of pages, and the page that is open. */
function Guides() {
  const [name, setName] = useState(HELP.name);
  const [text, setText] = useState('');
  const [heading, setHeading] = useState('');
  const page = useRef<HTMLElement>(null);
  const guide = guides.find((one) => one.name === name) ?? HELP;

  useEffect(() => {
    let isCurrent = true;
    void guide.load().then((loaded) => {
      if (isCurrent) setText(loaded);
    });
    return () => {
      isCurrent = false;
    };
  }, [guide]);

  useEffect(() => {
    if (page.current === null) return;
    prepare(page.current);
    const target = heading === '' ? null : page.current.querySelector(`#${CSS.escape(heading)}`);
    (target ?? page.current.closest('.graphiql-plugin'))?.scrollIntoView({ block: 'start' });
  }, [text, heading]);

  const open = (event: MouseEvent) => {
    const link = (event.target as Element).closest('a');
    const [, target, anchor] = PAGE_LINK.exec(link?.getAttribute('href') ?? '') ?? [];
    if (target === undefined) return;
    event.preventDefault();
    setName(target);
    setHeading(anchor ?? '');
  };

  return (
    <section className="guides" aria-label="Guides">
      <header>
        <label>
          Page{' '}
          <select
            value={guide.name}
            onChange={(event) => {
              setName(event.target.value);
              setHeading('');
            }}
          >
            {guides.map((one) => (
              <option key={one.name} value={one.name}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
        {/* Relative to the page: a proxy in front may add a prefix. */}
        <a href="graphql/schema.graphql" target="_blank" rel="noreferrer">
          Schema (SDL)
        </a>
      </header>
      <article
        ref={page}
        className="graphiql-markdown-description"
        onClick={open}
        // Our own files, without HTML in them: markdown-it escapes it.
        dangerouslySetInnerHTML={{ __html: markdown.render(text.replace(COMMENTS, '')) }}
      />
    </section>
  );
}

/** Give headings the ids that links name; links to files that are not here become plain text. */
function prepare(page: HTMLElement): void {
  page.querySelectorAll('h1, h2, h3, h4').forEach((heading) => {
    heading.id = (heading.textContent ?? '')
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replace(/\s/g, '-');
  });
  page.querySelectorAll('a').forEach((link) => {
    const href = link.getAttribute('href') ?? '';
    if (/^https?:/.test(href)) {
      link.target = '_blank';
      link.rel = 'noreferrer';
    } else if (!guides.some((one) => one.name === PAGE_LINK.exec(href)?.[1]) && !href.startsWith('#')) {
      link.removeAttribute('href');
    }
  });
  // Wide tables and long lines scroll by themselves, by keyboard as well.
  page.querySelectorAll<HTMLElement>('table, pre').forEach((block) => {
    block.tabIndex = 0;
  });
}

function GuidesIcon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <circle cx="10" cy="10" r="8" />
      <path d="M7.6 7.6a2.4 2.4 0 1 1 3.4 2.6c-.7.3-1 .8-1 1.6" strokeLinecap="round" />
      <circle cx="10" cy="14.3" r=".6" fill="currentColor" stroke="none" />
    </svg>
  );
}

export const guidesPlugin: GraphiQLPlugin = {
  title: 'Guides',
  icon: GuidesIcon,
  content: Guides,
};
