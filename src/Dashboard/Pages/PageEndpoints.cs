using Atelier.Core.Fleet;
using Atelier.Dashboard.Access;
using Atelier.Dashboard.Api;
using Atelier.Dashboard.Live;
using Atelier.Dashboard.Pages.Parts;
using Atelier.Dashboard.Sources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Atelier.Dashboard.Pages;

/// <summary>The pages, and their parts, which a page fetches again when they have changed.</summary>
/// <param name="states">What they show.</param>
/// <param name="renderer">Draws them.</param>
/// <param name="sessions">Whether one can sign out.</param>
internal sealed class PageEndpoints(RunStates states, PageRenderer renderer, BrowserSessions sessions)
{
    private const string Html = "text/html; charset=utf-8";

    /// <summary>Maps them.</summary>
    public void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet("/", async (CancellationToken end) => await PageAsync("Runs", "/live", typeof(RunsPage), new() { [nameof(RunsPage.State)] = await states.Fleet.GetAsync(end), [nameof(RunsPage.Source)] = states.Source }));
        pages.MapGet("/runs/{run}", async (string run, CancellationToken end) =>
        {
            var others = (await states.Fleet.GetAsync(end)).Runs.Select(other => other.Run_).Where(other => other != run).ToList();
            var state = await states.Of(run).GetAsync(end);
            state.Files.ReadAhead();
            return await PageAsync(run, $"{Show.Link(run)}/live", typeof(RunPage), new() { [nameof(RunPage.State)] = state, [nameof(RunPage.Others)] = others, [nameof(RunPage.Source)] = states.Source });
        });
        pages.MapGet("/compare", async (string[] run, CancellationToken end) =>
        {
            var all = (await states.Fleet.GetAsync(end)).Runs;
            var chosen = run.Distinct().Select(name => all.FirstOrDefault(one => one.Run_ == name) ?? throw RunNotFoundException.Of(name)).ToList();
            return await PageAsync("Compare runs", "/live", typeof(ComparePage), new() { [nameof(ComparePage.All)] = all, [nameof(ComparePage.Chosen)] = chosen });
        });
        pages.MapGet("/parts/{part}", async (string part, CancellationToken end) => PartOf((await states.Fleet.GetAsync(end)).Parts, part));
        pages.MapGet("/runs/{run}/parts/disk", async (string run, CancellationToken end) =>
            Results.Content(await renderer.RenderAsync<DiskPart>(new() { [nameof(DiskPart.Disk)] = await states.DiskAsync(run, end) }), Html));
        pages.MapGet("/runs/{run}/parts/analyses", async (string run, CancellationToken end) =>
        {
            var folder = (await states.Of(run).GetAsync(end)).Files.Folder;
            return Results.Content(await renderer.RenderAsync<AnalysesPart>(new()
            {
                [nameof(AnalysesPart.Run)] = run, [nameof(AnalysesPart.Folder)] = folder, [nameof(AnalysesPart.Analyses)] = new RunAnalyses(folder).List(),
            }), Html);
        });
        pages.MapGet("/runs/{run}/parts/{part}", async (string run, string part, CancellationToken end) => PartOf((await states.Of(run).GetAsync(end)).Parts, part));
        if (!states.Source.IsCoordinator) return;
        pages.MapGet("/workers", async (CancellationToken end) => await PageAsync("Workers", "/live", typeof(WorkersPage), new() { [nameof(WorkersPage.State)] = await states.Fleet.GetAsync(end) }));
        pages.MapGet("/submit", async () => await PageAsync("Submit a run", "", typeof(SubmitPage), []));
    }

    /// <summary>Maps where one signs in and out.</summary>
    public static void MapSignIn(IEndpointRouteBuilder open, PageRenderer renderer, BrowserSessions sessions)
    {
        open.MapGet("/sign-in", async (HttpContext context, string? then) => !sessions.AreNeeded || sessions.Has(context)
            ? Results.LocalRedirect(LocalPath(then))
            : Results.Content(await RenderAsync(renderer, "Sign in", "", typeof(SignInPage), new() { [nameof(SignInPage.Then)] = LocalPath(then) }, hasNavigation: false, isCoordinator: true, canSignOut: false), Html));
        // The token besides the context keeps this from being taken for a function that writes the response itself.
        open.MapPost("/sign-in", async (HttpContext context, CancellationToken _) => sessions.TryBegin(context, (await ApiJson.OrderAsync<SignInOrder>(context)).Token)
            ? Results.NoContent()
            : Problems.Of(StatusCodes.Status401Unauthorized, "this is not the user token; the user token is the text of the file that the coordinator was started with (--token-file), or its ATELIER_TOKEN"));
        open.MapPost("/sign-out", (HttpContext context) =>
        {
            BrowserSessions.End(context);
            return Results.NoContent();
        });
    }

    /// <summary>A page that says what was wrong.</summary>
    public static async Task<IResult> MistakeAsync(PageRenderer renderer, IRunSource source, int status, string title) => Results.Content(
        await RenderAsync(renderer, "Not shown", "", typeof(MistakePage), new() { [nameof(MistakePage.Text)] = title }, hasNavigation: true, source.IsCoordinator, canSignOut: false), Html, statusCode: status);

    /// <summary>A path of this server, whatever an address says.</summary>
    internal static string LocalPath(string? then) => then is ['/', not ('/' or '\\'), ..] && !then.Any(char.IsControl) ? then : "/";

    private static IResult PartOf(IReadOnlyDictionary<string, Part> parts, string name) =>
        parts.TryGetValue(name, out var part) ? Results.Content(part.Html, Html) : Problems.Of(StatusCodes.Status404NotFound, "no such part of the page");

    private static Task<string> RenderAsync(PageRenderer renderer, string title, string live, Type page, Dictionary<string, object?> parameters, bool hasNavigation, bool isCoordinator, bool canSignOut) =>
        renderer.RenderAsync<Layout>(new()
        {
            [nameof(Layout.Title)] = title,
            [nameof(Layout.Live)] = live,
            [nameof(Layout.Page)] = page,
            [nameof(Layout.Parameters)] = parameters,
            [nameof(Layout.HasNavigation)] = hasNavigation,
            [nameof(Layout.IsCoordinator)] = isCoordinator,
            [nameof(Layout.CanSignOut)] = canSignOut,
        });

    private async Task<IResult> PageAsync(string title, string live, Type page, Dictionary<string, object?> parameters) =>
        Results.Content(await RenderAsync(renderer, title, live, page, parameters, hasNavigation: true, states.Source.IsCoordinator, sessions.AreNeeded), Html);
}

/// <summary>Draws components as HTML. Pages have no circuit: what changes in them is drawn once for everybody, and fetched.</summary>
/// <param name="services">What components may inject.</param>
/// <param name="logging">Told of what fails.</param>
public sealed class PageRenderer(IServiceProvider services, ILoggerFactory logging)
{
    /// <summary>Draws a component.</summary>
    /// <typeparam name="T">The component.</typeparam>
    /// <param name="parameters">Its parameters, by name.</param>
    public async Task<string> RenderAsync<T>(Dictionary<string, object?> parameters)
        where T : IComponent
    {
        await using var renderer = new HtmlRenderer(services, logging);
        return await renderer.Dispatcher.InvokeAsync(async () => (await renderer.RenderComponentAsync<T>(ParameterView.FromDictionary(parameters))).ToHtmlString());
    }
}
