using System.Diagnostics;
using Atelier.TestKit;
using Microsoft.Playwright;

namespace Atelier.Dashboard.Tests.Browser;

/// <summary>The pages of <c>atelier dashboard DIR</c>, in a browser.</summary>
/// <param name="browser">The browser.</param>
public sealed class FolderPageTests(Chromium browser)
{
    [Fact]
    public async Task RunPage_OfALongRun_ShowsCurvesSamplesMetricsAndEvents()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["long"], 6250);
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        var page = await browser.OpenAsync(dashboard.Address);
        var errors = page.Errors();

        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Cell, new() { Name = "11.111 fid50k_full" })).ToBeVisibleAsync();
        var clock = Stopwatch.StartNew();
        await page.GetByRole(AriaRole.Link, new() { Name = "long" }).ClickAsync();
        await Assertions.Expect(page.Locator(".chart .uplot")).ToHaveCountAsync(11);
        TestContext.Current.SendDiagnosticMessage($"6,250 ticks opened: all charts after {clock.Elapsed.TotalSeconds:0.00} s");
        await Assertions.Expect(page.GetByRole(AriaRole.Img, new() { Name = "Losses over kimg" })).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("Loss/G/loss [0-9.]+"));
        // What a file says is text, whatever it looks like.
        await Assertions.Expect(page.GetByText("3 files are <script>alert(1)</script> left out")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("/data/<b>faces</b>.zip")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Cell, new() { Name = "9.091 at 8" }).Or(page.GetByText("11.11 at 8"))).ToBeVisibleAsync();
        await page.AssertAccessibleAsync();

        // Zoom by buttons, smoothing and the log scale: the curves are read anew.
        await page.RunAndWaitForResponseAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Zoom in" }).ClickAsync(), response => response.Url.Contains("/curves?", StringComparison.Ordinal) && response.Url.Contains("from=", StringComparison.Ordinal));
        await page.RunAndWaitForResponseAsync(() => page.GetByLabel("Smoothing").FillAsync("0.9"), response => response.Url.Contains("smoothing=0.9", StringComparison.Ordinal));
        await page.GetByLabel("Log scale").CheckAsync();
        // And by dragging.
        var chart = page.Locator(".chart .u-over").First;
        await chart.ScrollIntoViewIfNeededAsync();
        var box = (await chart.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + 50, box.Y + 50);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + 150, box.Y + 60, new() { Steps = 5 });
        await page.RunAndWaitForResponseAsync(() => page.Mouse.UpAsync(), response => response.Url.Contains("from=", StringComparison.Ordinal));

        // Samples by the keyboard, one and then two.
        var picture = page.Locator("[data-side] img").First;
        await Assertions.Expect(picture).ToHaveAttributeAsync("alt", "Samples of long, 8.512 kimg");
        await page.GetByLabel("Sample grid of long", new() { Exact = true }).PressAsync("Home");
        await Assertions.Expect(picture).ToHaveAttributeAsync("alt", "Samples of long, before training");
        await page.GetByLabel("Side by side").CheckAsync();
        await Assertions.Expect(page.Locator("[data-side] img").Nth(1)).ToBeVisibleAsync();
        Assert.Empty(errors);
    }

    [Fact]
    public async Task RunPage_WhileTheRunGoesOn_FollowsIt()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["live"], 3);
        await using var dashboard = await FolderDashboard.StartAsync(folder["live"], 0, TimeProvider.System);
        var page = await browser.OpenAsync(dashboard.Address);
        await page.GotoAsync("/runs/live");
        await Assertions.Expect(page.GetByText("12 of 25,000 kimg")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Status).First).ToHaveTextAsync("Live");

        await File.AppendAllTextAsync(Path.Combine(folder["live"], "stats.jsonl"), SyntheticRun.Tick(99) + "\n", TestContext.Current.CancellationToken);

        await Assertions.Expect(page.GetByText("400 of 25,000 kimg")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task RunPage_WithAnalyses_ShowsTheirPictures()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["a"], 3);
        await using var dashboard = await FolderDashboard.StartAsync(folder["a"], 0, TimeProvider.System);
        var page = await browser.OpenAsync(dashboard.Address);
        await page.GotoAsync("/runs/a#analyses");
        await Assertions.Expect(page.GetByText($"--out {folder["a"]}/analysis/droplets")).ToBeVisibleAsync();

        SyntheticRun.AddAnalysis(folder["a"], "droplets");
        await page.ReloadAsync();

        var picture = page.GetByRole(AriaRole.Img, new() { Name = "pictures/seed 1.png of droplets" });
        await picture.ScrollIntoViewIfNeededAsync();
        await Assertions.Expect(picture).ToHaveJSPropertyAsync("naturalWidth", 64);
        await page.AssertAccessibleAsync();
    }

    [Fact]
    public async Task Pages_OnAPhoneInTheDark_FitAndAreAccessible()
    {
        using var folder = new TemporaryFolder();
        SyntheticRun.Write(folder["a"], 40);
        SyntheticRun.Write(folder["b"], 60, spec => spec with { Gamma = 3, Batch = 16 });
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        var page = await browser.OpenAsync(dashboard.Address, width: 360, height: 740, ColorScheme.Dark);
        foreach (var path in (string[])["/", "/runs/a", "/compare?run=a&run=b"])
        {
            await page.GotoAsync(path);
            if (path != "/") await Assertions.Expect(page.Locator(".chart .uplot").First).ToBeVisibleAsync();
            await page.AssertFitsAsync();
            await page.AssertAccessibleAsync();
        }

        await Assertions.Expect(page.GetByRole(AriaRole.Row, new() { Name = "gamma 10 3" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Loss/G/loss · b" })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Runs_OfAnEmptyFolder_SayWhereRunsComeFrom()
    {
        using var folder = new TemporaryFolder();
        await using var dashboard = await FolderDashboard.StartAsync(folder.Path, 0, TimeProvider.System);
        var page = await browser.OpenAsync(dashboard.Address);

        await page.GotoAsync("/");

        await Assertions.Expect(page.GetByText("No run in this folder yet")).ToBeVisibleAsync();
        await page.GotoAsync("/runs/<i>none");
        await Assertions.Expect(page.GetByText("no run named <i>none")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync();
    }
}
