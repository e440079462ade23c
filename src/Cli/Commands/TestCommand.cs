using System.CommandLine;
using System.Diagnostics;
using System.Xml.Linq;
using Atelier.Core;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier test</c>: runs every test project, and counts.</summary>
internal static class TestCommand
{
    public static Command Create()
    {
        var soak = new Option<bool>("--soak") { Description = "run the long versions of the long tests" };
        var only = new Option<string?>("--only") { Description = "run only test projects whose name contains this" };
        var method = new Option<string?>("--method") { Description = "run only test methods that match this name (may start or end with *)" };
        var again = new Option<int>("--again") { Description = "run up to N failed tests again, one at a time, and list those that then pass", DefaultValueFactory = _ => 0 };
        var command = new Command("test", "Run all tests; the last line gives the totals") { soak, only, method, again };
        command.SetAction(parsed => Run(parsed.GetValue(soak), parsed.GetValue(only), parsed.GetValue(method), parsed.GetValue(again)));
        return command;
    }

    private static int Run(bool soak, string? only, string? method, int again)
    {
        var root = Environment.GetEnvironmentVariable("ATELIER_ROOT")
            ?? throw new UserErrorException("tests need a checkout of the sources: run ./atelier test in one");
        var artifacts = Path.Combine(root, "artifacts");
        bool Chosen(string name) => only is null || name.Contains(only, StringComparison.OrdinalIgnoreCase);

        var total = new Counts(0, 0, 0, []);
        foreach (var assembly in Directory.GetFiles(Path.Combine(artifacts, "bin"), "Atelier.*.Tests.dll", SearchOption.AllDirectories)
            .Where(path => Path.GetFileNameWithoutExtension(path) == "Atelier." + Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(path))))
            .Where(path => Path.GetFileName(Path.GetDirectoryName(path)) == "release" && Chosen(Path.GetFileName(path)))
            .Order(StringComparer.Ordinal))
        {
            total += RunManaged(assembly, soak, method);
        }

        if (total.Failed <= again && total.Failed == total.Failures.Count(failure => failure.Method is not null))
            total = Again(total, soak);
        if (total.Passed + total.Failed + total.Skipped == 0)
            throw new UserErrorException("no test matches");
        foreach (var failure in total.Failures)
            Console.WriteLine($"failed: {failure.Text}");
        Console.WriteLine($"{total.Passed} passed, {total.Failed} failed, {total.Skipped} skipped");
        return total.Failed == 0 ? ExitCode.Success : ExitCode.Mismatch;
    }

    private static Counts RunManaged(string assembly, bool soak, string? method)
    {
        Console.WriteLine($"== {Path.GetFileNameWithoutExtension(assembly)}");
        var report = Path.ChangeExtension(Path.GetTempFileName(), ".xml");
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { "exec", assembly, "-noLogo", "-noColor", "-result-xml", report } };
        if (method is not null)
        {
            start.ArgumentList.Add("-method");
            start.ArgumentList.Add(method);
        }
        if (soak)
        {
            start.Environment["ATELIER_SOAK"] = "1";
            start.ArgumentList.Add("-diagnostics"); // the log then says how often a process was killed
        }
        using var process = Process.Start(start)!;
        process.WaitForExit();
        try
        {
            var runs = XDocument.Load(report).Descendants("assembly").ToList();
            int Sum(string name) => runs.Sum(run => (int?)run.Attribute(name) ?? 0);
            var failures = runs.Descendants("test").Where(test => (string?)test.Attribute("result") == "Fail")
                .Select(test => new Failure($"{(string?)test.Attribute("name")}: {Reason(test)}", assembly, $"{(string?)test.Attribute("type")}.{(string?)test.Attribute("method")}"));
            var counts = new Counts(Sum("passed"), Sum("failed") + Sum("errors"), Sum("skipped"), [.. failures]);
            return process.ExitCode != 0 && counts.Failed == 0 && counts.Passed + counts.Skipped > 0
                ? counts with { Failed = 1, Failures = [new($"{Path.GetFileNameWithoutExtension(assembly)} ended with {process.ExitCode}", assembly, null)] }
                : counts;
        }
        catch (Exception e) when (e is IOException or System.Xml.XmlException)
        {
            Console.WriteLine($"  the test process exited with code {process.ExitCode} and left no report");
            return new Counts(0, 1, 0, [new($"{Path.GetFileNameWithoutExtension(assembly)} exited with code {process.ExitCode} and left no report", assembly, null)]);
        }
        finally
        {
            File.Delete(report);
        }
    }

    /// <summary>
    /// A second time for the few that failed: many tests kill, stop and cut off real processes, and a machine that is busy with something
    /// else can fail one of them. What passes now counts, and is named, so that nobody overlooks it.
    /// </summary>
    private static Counts Again(Counts total, bool soak)
    {
        var still = new List<Failure>();
        foreach (var failure in total.Failures)
        {
            if (RunManaged(failure.Assembly, soak, failure.Method) is { Failed: 0, Passed: > 0 }) Console.WriteLine($"flaky, passed on the second try: {failure.Text}");
            else still.Add(failure);
        }

        return new(total.Passed + total.Failed - still.Count, still.Count, total.Skipped, still);
    }

    private static string Reason(XElement test) => test.Descendants("message").FirstOrDefault()?.Value.Split('\n')[0].Trim() ?? "no reason given";

    private sealed record Counts(int Passed, int Failed, int Skipped, IReadOnlyList<Failure> Failures)
    {
        public static Counts operator +(Counts a, Counts b) => new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped, [.. a.Failures, .. b.Failures]);
    }

    /// <param name="Text">The test and its reason.</param>
    /// <param name="Assembly">Where it is.</param>
    /// <param name="Method">The test's method; null where a whole project failed.</param>
    private sealed record Failure(string Text, string Assembly, string? Method);
}
