using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging;

namespace Atelier.Dashboard.Pages;

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
