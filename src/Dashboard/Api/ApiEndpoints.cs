using System.Globalization;
using System.Text.Json;
using Atelier.Core.Fleet;
using Atelier.Dashboard.Curves;
using Atelier.Dashboard.Live;
using Atelier.Dashboard.Sources;
using Atelier.Protos;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Atelier.Dashboard.Api;

/// <summary>The dashboard's reads and commands as JSON; docs/dashboard.md lists them.</summary>
internal static class ApiEndpoints
{
    /// <summary>Maps them.</summary>
    /// <param name="api">Where; paths begin with <c>/api</c> there.</param>
    /// <param name="states">What they read.</param>
    public static void Map(IEndpointRouteBuilder api, RunStates states)
    {
        var source = states.Source;
        api.MapGet("/runs", async (CancellationToken end) => Json((await states.Fleet.GetAsync(end)).Runs.Select(RunJson.Of)));
        api.MapGet("/workers", async (CancellationToken end) => Json((await states.Fleet.GetAsync(end)).Workers.Select(WorkerJson.Of)));
        api.MapGet("/runs/{run}", async (string run, CancellationToken end) => Json(DescriptionJson.Of((await states.Of(run).GetAsync(end)).Description)));
        api.MapGet("/runs/{run}/events", async (string run, long? after, CancellationToken end) =>
            Json((await source.EventsAsync(run, after ?? 0, end)).Where(happened => !EventText.IsTick(happened)).Select(EventJson.Of)));
        api.MapGet("/runs/{run}/curves", (string run, string? names, double? from, double? to, int? points, double? smoothing, CancellationToken end) => CurvesAsync(states, run, new()
        {
            Names = names?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [],
            From = from,
            To = to,
            Points = points ?? 1000,
            Smoothing = Math.Clamp(smoothing ?? 0, 0, 0.999),
        }, end));
        api.MapGet("/runs/{run}/metrics", async (string run, CancellationToken end) => Json(await (await states.Of(run).GetAsync(end)).Files.MetricsAsync(end)));
        api.MapGet("/runs/{run}/samples", async (string run, CancellationToken end) => Json(await (await states.Of(run).GetAsync(end)).Files.GridsAsync(end)));
        api.MapGet("/runs/{run}/samples/{name}", async (string run, string name, HttpContext context) =>
            Shown(await (await states.Of(run).GetAsync(context.RequestAborted)).Files.PictureAsync(name, context.RequestAborted), context));
        api.MapGet("/runs/{run}/analyses", async (string run, CancellationToken end) => Json(new RunAnalyses((await states.Of(run).GetAsync(end)).Files.Folder).List()));
        api.MapGet("/runs/{run}/analyses/{analysis}", async (string run, string analysis, string picture, HttpContext context) =>
            Shown(new RunAnalyses((await states.Of(run).GetAsync(context.RequestAborted)).Files.Folder).Find(analysis, picture), context));
        api.MapGet("/runs/{run}/generations", async (string run, CancellationToken end) => Json(GenerationHistory.Of(EventText.Read(await source.EventLinesAsync(run, int.MaxValue, end)))));
        api.MapGet("/runs/{run}/disk", async (string run, CancellationToken end) => Json(await states.DiskAsync(run, end)));
        api.MapGet("/differences", async (string[] run, CancellationToken end) => Json(await DifferencesAsync(states, run, end)));
    }

    /// <summary>Maps what changes something; for a source that is a coordinator.</summary>
    public static void MapCommands(IEndpointRouteBuilder api, IRunSource source)
    {
        // With a token besides the context: a function of the context alone would be taken for one that writes the response itself.
        api.MapPost("/runs", async (HttpContext context, CancellationToken end) => Json(RunJson.Of(await source.SubmitAsync((await ApiJson.OrderAsync<SubmitOrder>(context)).ToRequest(), end)), StatusCodes.Status201Created));
        api.MapPost("/runs/preview", async (HttpContext context, CancellationToken end) =>
        {
            var preview = await source.PreviewAsync((await ApiJson.OrderAsync<SubmitOrder>(context)).ToRequest(), end);
            return Json(new PreviewJson(RunJson.Of(preview.Run), preview.AlreadySubmitted, preview.FittingWorkers, preview.FreeWorkers));
        });
        api.MapPost("/runs/{run}/pause", async (string run, CancellationToken end) => Json(RunJson.Of(await source.PauseAsync(new() { Run = run }, end))));
        api.MapPost("/runs/{run}/cancel", async (string run, HttpContext context) =>
            Json(RunJson.Of(await source.CancelAsync(new() { Run = run, Discard = (await ApiJson.OrderAsync<CancelOrder>(context)).Discard ?? false }, context.RequestAborted))));
        api.MapPost("/runs/{run}/resume", async (string run, HttpContext context) =>
        {
            var order = await ApiJson.OrderAsync<ResumeOrder>(context);
            var request = new ResumeRequest { Run = run, AcceptNewNumerics = order.AcceptNewNumerics ?? false };
            request.Assignments.AddRange((order.Set ?? []).Where(assignment => assignment.Trim().Length > 0));
            return Json(RunJson.Of(await source.ResumeAsync(request, context.RequestAborted)));
        });
    }

    private static IResult Json<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, ApiJson.Options, statusCode: status);

    private static async Task<IReadOnlyList<DifferenceJson>> DifferencesAsync(RunStates states, string[] names, CancellationToken end)
    {
        var all = (await states.Fleet.GetAsync(end)).Runs;
        return Differences.Between([.. names.Distinct().Select(name => all.FirstOrDefault(run => run.Run_ == name) ?? throw RunNotFoundException.Of(name))]);
    }

    private static async Task<IResult> CurvesAsync(RunStates states, string run, CurveQuery query, CancellationToken end)
    {
        var state = await states.Of(run).GetAsync(end);
        var view = await state.Files.CurvesAsync(query, () => states.TicksAsync(run, end), end);
        return Results.Stream(stream => WriteAsync(stream, run, view), "application/json");
    }

    /// <summary>Numbers with the digits that a chart can show.</summary>
    private static async Task WriteAsync(Stream stream, string run, CurveView view)
    {
        await using var writer = new Utf8JsonWriter(stream);
        writer.WriteStartObject();
        writer.WriteString("run", run);
        writer.WriteNumber("ticks", view.Ticks);
        WriteNumbers(writer, "kimg", view.Kimg, "G9");
        writer.WriteStartObject("series");
        foreach (var (name, values) in view.Series) WriteNumbers(writer, name, values, "G6");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter writer, string name, IReadOnlyList<double> values, string digits)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            if (double.IsFinite(value)) writer.WriteRawValue(value.ToString(digits, CultureInfo.InvariantCulture), skipInputValidation: true);
            else writer.WriteNullValue();
        }

        writer.WriteEndArray();
    }

    private static IResult Shown(Picture? picture, HttpContext context)
    {
        if (picture is null) return Access.Problems.Of(StatusCodes.Status404NotFound, "no such picture");
        // A grid is drawn again where the run went back, and another run may come to have its name.
        context.Response.Headers.CacheControl = "private, no-cache";
        return Results.Stream(picture.Content, picture.Type, entityTag: new($"\"{picture.Version}\""));
    }
}
