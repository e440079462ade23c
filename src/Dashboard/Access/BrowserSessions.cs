using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Atelier.Core.Access;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Atelier.Dashboard.Access;

/// <summary>
/// Browsers that have shown the token of people. What they keep is no token: the end of the session, and a code over it that only those who
/// know the token can make. So any replica knows it, none keeps anything, and it ends with the token.
/// </summary>
/// <param name="people">The token of people; null where none is asked for.</param>
/// <param name="time">The clock.</param>
public sealed class BrowserSessions(AccessToken? people, TimeProvider time)
{
    private const string Purpose = "atelier dashboard session until ";

    private static readonly TimeSpan Length = TimeSpan.FromHours(12);

    /// <summary>Whether browsers have to sign in.</summary>
    public bool AreNeeded => people is not null;

    /// <summary>Begins a session, if this is the token of people.</summary>
    /// <param name="context">The request; its response gets the cookie.</param>
    /// <param name="token">What was typed.</param>
    public bool TryBegin(HttpContext context, string? token)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (people is null || !people.Matches(token?.Trim())) return false;
        var end = time.GetUtcNow() + Length;
        var until = end.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        context.Response.Cookies.Append(NameOf(context), $"{until}.{people.Authenticate(Purpose + until)}", Options(context, end));
        return true;
    }

    /// <summary>Ends the browser's session.</summary>
    public static void End(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.Cookies.Delete(NameOf(context), Options(context, null));
    }

    /// <summary>Whether a request comes from a browser with a session.</summary>
    public bool Has(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (people is null || context.Request.Cookies[NameOf(context)] is not { } cookie || cookie.Split('.') is not [var until, var code]) return false;
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(code), Encoding.UTF8.GetBytes(people.Authenticate(Purpose + until)))
            && long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out var end) && end > time.GetUtcNow().ToUnixTimeSeconds();
    }

    // Cookies know no ports: two coordinators of one machine would sign each other's browsers out. The port is that of the address, which replicas behind a balancer share.
    private static string NameOf(HttpContext context) => $"atelier-{context.Request.Host.Port?.ToString(CultureInfo.InvariantCulture) ?? "default"}";

    private static CookieOptions Options(HttpContext context, DateTimeOffset? end) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = context.Features.Get<ITlsHandshakeFeature>() is not null,
        Path = "/",
        Expires = end,
    };
}

/// <summary>Says of an endpoint that browsers ask for it: a session takes the place of the token, and a refusal is one that browsers understand.</summary>
public sealed class ForBrowsers
{
    private ForBrowsers()
    {
    }

    /// <summary>The metadata.</summary>
    public static ForBrowsers Instance { get; } = new();
}
