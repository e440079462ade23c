using Atelier.Core.Access;
using Atelier.Core.Fleet.Membership;
using Atelier.Coordinator.Tests.Hosting;
using Microsoft.Playwright;

namespace Atelier.Dashboard.Tests.Browser;

/// <summary>The pages that a coordinator serves, in a browser.</summary>
/// <param name="browser">The browser.</param>
public sealed class CoordinatorPageTests(Chromium browser)
{
    private const string Token = "people-0123456789abcdef0123";

    /// <summary>From signing in to cancelling a run, without a pointer.</summary>
    [Fact]
    public async Task Run_FromSignInToCancel_WithTheKeyboardAlone()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(
            new AccessGate(new AccessToken(Token, "a test"), null),
            // The worker sends no heartbeats, and a browser takes its time.
            fleet: new FleetSettings { LeaseLength = TimeSpan.FromMinutes(5) });
        await using var worker = await coordinator.AttachAsync("w0");
        var page = await browser.OpenAsync(coordinator.Address);
        var keys = page.Keyboard;

        await page.GotoAsync("/submit");
        await Assertions.Expect(page.GetByText("--token-file FILE")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync();
        await keys.TypeAsync("a-wrong-token-0123456789");
        await keys.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("this is not the user token");
        await TabToAsync(page, "#token");
        await keys.PressAsync("Control+A");
        await keys.TypeAsync(Token);
        await keys.PressAsync("Enter");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Submit a run" })).ToBeVisibleAsync();
        await page.AssertAccessibleAsync();
        await FillAsync(page, "#run", "faces");
        await FillAsync(page, "#data", "/data");
        await FillAsync(page, "#out", coordinator.Store("faces"));
        await FillAsync(page, "#set", "nonsense=1");
        await TabToAsync(page, "[data-preview]");
        await keys.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("nonsense");
        await FillAsync(page, "#set", "batch=16\nshard=4");
        await FillAsync(page, "#min_workers", "2");
        await TabToAsync(page, "[data-preview]");
        await keys.PressAsync("Enter");
        await Assertions.Expect(page.Locator("[data-outcome]")).ToContainTextAsync("1 of 1 suitable workers is free");
        await TabToAsync(page, "button[type=submit]");
        await keys.PressAsync("Enter");

        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "faces" })).ToBeVisibleAsync();
        await AssertStatusAsync(page, "queued");
        await CommandAsync(page, "pause");
        await AssertStatusAsync(page, "paused");
        await CommandAsync(page, "resume");
        await AssertStatusAsync(page, "queued");
        // A question can be left unanswered.
        await TabToAsync(page, "[data-command=cancel]");
        await keys.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("Cancel faces?");
        await page.AssertAccessibleAsync();
        await keys.PressAsync("Escape");
        await AssertStatusAsync(page, "queued");
        await CommandAsync(page, "cancel");
        await AssertStatusAsync(page, "cancelled");
        await page.AssertAccessibleAsync();

        await page.GotoAsync("/workers");
        await Assertions.Expect(page.GetByText("w0")).ToBeVisibleAsync();
        await page.AssertAccessibleAsync();
        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "faces" })).ToBeVisibleAsync();
        await TabToAsync(page, "[data-sign-out]");
        await keys.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        await page.GotoAsync("/");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
    }

    private static Task AssertStatusAsync(IPage page, string status) => Assertions.Expect(page.Locator(".head .status")).ToHaveTextAsync(status);

    private static async Task CommandAsync(IPage page, string command)
    {
        await TabToAsync(page, $"[data-command={command}]");
        await page.Keyboard.PressAsync("Enter");
        await TabToAsync(page, "[data-confirm]");
        await page.Keyboard.PressAsync("Enter");
    }

    private static async Task FillAsync(IPage page, string field, string text)
    {
        await TabToAsync(page, field);
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync(text);
    }

    /// <summary>Presses Tab until something has the focus.</summary>
    private static async Task TabToAsync(IPage page, string selector)
    {
        await page.Locator(selector).WaitForAsync();
        for (var press = 0; press < 200; press++)
        {
            if (await page.EvaluateAsync<bool>("selector => document.activeElement?.matches(selector) ?? false", selector)) return;
            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"the keyboard does not lead to {selector}");
    }
}
