/**
 * The looks of `<retry-status>`. What a page sets on text (alignment, case,
 * spacing) is reset, so that the card is laid out the same everywhere; its
 * font, colour scheme and writing direction are inherited.
 */
export const style = `
:host{display:block}
:host(:focus){outline:none}
[hidden]{display:none!important}
[part=card]{
--tone:var(--retry-status-accent,#b45309);--tone:var(--retry-status-accent,light-dark(#b45309,#fbbf24));
position:relative;display:flex;flex-wrap:wrap;align-items:center;gap:.6em 1em;overflow:hidden;box-sizing:border-box;
padding:var(--retry-status-padding,.8em 1em);
border:1px solid var(--retry-status-border,color-mix(in srgb,var(--tone) 30%,transparent));
border-radius:var(--retry-status-radius,.75em);
background:var(--retry-status-background,color-mix(in srgb,var(--tone) 7%,Canvas));
color:var(--retry-status-color,CanvasText);
font:var(--retry-status-font,inherit);font-style:normal;font-weight:400;line-height:1.5;
text-align:start;text-indent:0;text-transform:none;text-shadow:none;text-wrap:pretty;letter-spacing:normal;
word-spacing:normal;white-space:normal;cursor:auto;
animation:arrive .18s ease-out}
[part=card][data-tone=opening]{--tone:var(--retry-status-opening,#1d4ed8);--tone:var(--retry-status-opening,light-dark(#1d4ed8,#93b4fd))}
[part=card][data-tone=failed]{--tone:var(--retry-status-failed,#b91c1c);--tone:var(--retry-status-failed,light-dark(#b91c1c,#f98080))}
[part=card][data-tone=stopped]{--tone:var(--retry-status-stopped,#5b626a);--tone:var(--retry-status-stopped,light-dark(#5b626a,#a3acb4))}
[part=card]:focus{outline:none}
[part=card]:focus-visible{outline:2px solid var(--tone);outline-offset:2px}
@keyframes arrive{from{opacity:0;transform:translateY(4px)}}
[part=words]{flex:1 1 16em;min-width:0;overflow-wrap:anywhere}
p{margin:0}
[part=head]{display:flex;flex-wrap:wrap;align-items:center;gap:0 .6em;color:var(--tone)}
[part=title]{font-weight:600}
[part=status]{padding:0 .6em;border:1px solid;border-radius:99px;font-size:.8em}
[part=detail]{font-size:.875em;color:color-mix(in srgb,currentcolor 75%,transparent)}
[part=meter]{display:flex;flex-wrap:wrap;gap:0 .8em;font-size:.875em;font-variant-numeric:tabular-nums}
[part=meter]:not(:has(>:not([hidden]))){display:none}
[part=countdown]{font-weight:600}
[part=attempt]{color:color-mix(in srgb,currentcolor 75%,transparent)}
[part=link]{color:inherit}
[part=actions]{display:flex;flex-wrap:wrap;gap:.5em;margin-inline-start:auto}
button{min-height:2.25em;padding:.35em .9em;border:1px solid color-mix(in srgb,currentcolor 30%,transparent);
border-radius:var(--retry-status-button-radius,.5em);background:Canvas;color:inherit;font:inherit;line-height:1.4;cursor:pointer}
button:hover{border-color:currentcolor}
[part~=retry-now],[part~=retry]{border-color:transparent;font-weight:600;
background:var(--retry-status-button,var(--tone));color:var(--retry-status-button-text,Canvas)}
[part~=retry-now]:hover,[part~=retry]:hover{border-color:transparent;filter:brightness(1.08)}
button:focus-visible,[part=link]:focus-visible{outline:2px solid var(--tone);outline-offset:2px}
[part=progress]{position:absolute;inset:auto 0 0;height:3px}
[part=bar]{display:block;height:100%;background:var(--tone);opacity:.6;}
[part=live]{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (prefers-reduced-motion:reduce){[part=card]{animation:none}}
@media (forced-colors:active){
[part=bar]{forced-color-adjust:none;background:Highlight;opacity:1}
button,[part~=retry-now],[part~=retry]{border-color:ButtonBorder;color:ButtonText}
}
`;
