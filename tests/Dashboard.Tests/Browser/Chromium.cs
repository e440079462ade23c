using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Atelier.Dashboard.Tests.Browser.Chromium))]

namespace Atelier.Dashboard.Tests.Browser;

/// <summary>The machine's own Chromium, one for all tests; tests are skipped where there is none.</summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>A machine that does much else takes its time.</summary>
    private const float PatienceMs = 60_000;

    private static readonly string[] Places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Places.FirstOrDefault(File.Exists) is not { } path) return;
        _playwright = await Playwright.CreateAsync();
        // In a container there are no namespaces to build its sandbox of; it opens nothing but this machine's pages.
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A new window, which knows nothing of others.</summary>
    public async Task<IPage> OpenAsync(Uri address, int width = 1280, int height = 900, ColorScheme theme = ColorScheme.Light)
    {
        Assert.SkipWhen(_browser is null, "there is no Chromium here (Debian's package `chromium`)");
        var context = await _browser!.NewContextAsync(new() { BaseURL = address.ToString(), ViewportSize = new() { Width = width, Height = height }, ColorScheme = theme });
        context.SetDefaultTimeout(PatienceMs);
        Assertions.SetDefaultExpectTimeout(PatienceMs);
        return await context.NewPageAsync();
    }
}

/// <summary>What every page must bear.</summary>
internal static class Pages
{
    /// <summary>axe finds nothing serious.</summary>
    public static async Task AssertAccessibleAsync(this IPage page)
    {
        var found = await page.RunAxe(new AxeRunOptions());
        var serious = found.Violations.Where(violation => violation.Impact is "serious" or "critical").Select(violation => $"{violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}");
        Assert.Empty(serious);
    }

    /// <summary>Nothing sticks out at the side.</summary>
    public static async Task AssertFitsAsync(this IPage page) =>
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));

    /// <summary>Watches for errors of scripts and refused requests.</summary>
    /// <returns>What there was so far.</returns>
    public static List<string> Errors(this IPage page)
    {
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type == "error") errors.Add(message.Text);
        };
        return errors;
    }
}
