/** How the status page looks, and the script that keeps it fresh. */

export const statusStyle = `
:root{--well:#2b8a3e;--well-bg:#e6f6ea;--suspect:#ad5700;--suspect-bg:#fff3e0;--ejected:#c92a2a;--ejected-bg:#ffeceb;--trial:#1864ab;--trial-bg:#e7f2fd;--bar:#8da4ef}
@media(prefers-color-scheme:dark){:root{--well:#7fd492;--well-bg:#15291a;--suspect:#ffb366;--suspect-bg:#33230f;--ejected:#ff9592;--ejected-bg:#3b1818;--trial:#8ec8f6;--trial-bg:#10273e;--bar:#5472e4}}
body{font-size:15px;font-variant-numeric:tabular-nums}
main{max-width:72rem;margin:0 auto;padding:1.25rem 1rem 3rem}
h2{font-size:1rem;font-weight:600;margin:2rem 0 .75rem}
.banner{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1rem;border-radius:.75rem;padding:1rem 1.25rem;margin-bottom:1rem}
.banner h1{font-size:1.35rem;line-height:1.3;font-weight:650;margin:0;flex:1 1 auto}
.banner p{margin:0;font-size:.9rem}
.cards{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr))}
.tiles{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr))}
.card,.tile{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:.85rem 1rem;min-width:0}
.tile.wide{grid-column:span 2}
.label{color:var(--dim);font-size:.8rem}
.value{font-size:1.25rem;white-space:nowrap;font-weight:600;line-height:1.3}
.note{color:var(--dim);font-size:.8rem;margin:0}
.card{border-left:4px solid var(--state)}
.state{display:flex;align-items:center;gap:.5rem;margin:.35rem 0 0;color:var(--dim);font-size:.8rem}
.name{font-weight:600;overflow-wrap:anywhere}
.pill{flex:none;border-radius:1rem;padding:.1rem .65rem;font-size:.8rem;font-weight:600;color:var(--state);background:var(--state-bg)}
.card dl{display:grid;grid-template-columns:repeat(3,1fr);gap:.5rem;margin:.75rem 0 0}
dt{color:var(--dim);font-size:.75rem}
dd{margin:0;font-weight:500}
.error{margin:.75rem 0 0;padding-top:.6rem;border-top:1px solid var(--line);font-size:.8rem;color:var(--dim);overflow-wrap:anywhere}
.error b{font-weight:500;color:var(--ink)}
.well{--state:var(--well);--state-bg:var(--well-bg)}
.suspect{--state:var(--suspect);--state-bg:var(--suspect-bg)}
.ejected{--state:var(--ejected);--state-bg:var(--ejected-bg)}
.trial{--state:var(--trial);--state-bg:var(--trial-bg)}
.banner.well,.banner.suspect,.banner.ejected{background:var(--state-bg);color:var(--state)}
svg{display:block;width:100%;height:2.5rem;margin-top:.4rem}
svg rect{fill:var(--bar)}
.meter{height:.4rem;border-radius:.2rem;background:var(--line);margin:.45rem 0 .25rem;overflow:hidden}
.meter i{display:block;height:100%;background:var(--bar)}
.copies{list-style:none;margin:.75rem 0 0;padding:0;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
.copies li{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1rem;padding:.7rem 1rem}
.copies li+li{border-top:1px solid var(--line)}
.copies p{flex:1 0 100%;margin:0;font-size:.8rem;color:var(--dim);overflow-wrap:anywhere}
.verdict{color:var(--state);font-weight:600;font-size:.9rem}
footer{margin-top:2rem;color:var(--dim);font-size:.8rem}
#stale{display:none;position:sticky;top:0;z-index:1;padding:.6rem 1rem;text-align:center;font-weight:600;color:#fff;background:#c92a2a}
.stale #stale{display:block}
.stale main{opacity:.45}
`;

/** Milliseconds between two looks; and seconds for browsers without scripts, where the whole page flickers. */
const refreshMs = 2000;
export const refreshSeconds = 5;

/**
 * Fetches the page again and puts the new main element in the old one's place, so that scrolling and selection stay. When
 * the web server itself does not answer, it says so and greys out what is no longer true.
 */
export const statusScript = `
async function refresh(){
  try{
    const answer=await fetch(location.pathname,{cache:"no-store",signal:AbortSignal.timeout(5000)});
    if(!answer.ok)throw new Error(answer.status);
    const fresh=new DOMParser().parseFromString(await answer.text(),"text/html");
    const old=document.querySelector("main");
    if(String(getSelection())==="")old.replaceWith(fresh.querySelector("main"));
    document.title=fresh.title;
    document.body.classList.remove("stale");
  }catch{document.body.classList.add("stale")}
  setTimeout(refresh,${refreshMs});
}
setTimeout(refresh,${refreshMs});
`;

/** SHA-256 of the script, as the Content-Security-Policy wants it; a test compares the two. */
export const statusScriptHash = "'sha256-GGG4qJBm6I3VbtIxn9Ig0Qzvh+Kv+18vgy+Oa4+TI9A='";
