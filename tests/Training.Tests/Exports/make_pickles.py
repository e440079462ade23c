"""Writes a network of a .safetensors file in the forms in which the published trainers and PyTorch save networks.

    python3 make_pickles.py NETWORK.safetensors FOLDER

The modules torch_utils and dnnlib of the published trainers are stood in for by what pickles show of them: names.
"""
import collections
import json
import pickle
import struct
import sys
import types

import numpy as np
import torch

BUFFERS = ('w_avg', 'noise_const', 'resample_filter')


def module(name):
    made = types.ModuleType(name)
    sys.modules[name] = made
    return made


class EasyDict(dict):
    pass


def _reconstruct_persistent_obj(meta):
    raise NotImplementedError


for part, (owner, value) in {'dnnlib.util': ('EasyDict', EasyDict), 'torch_utils.persistence': ('_reconstruct_persistent_obj', _reconstruct_persistent_obj)}.items():
    module(part.split('.')[0])
    setattr(module(part), owner, value)
    value.__module__ = part


class Persistent:
    def __init__(self, class_name, state):
        self.meta = EasyDict(type='class', version=6, module_src='import torch\n', class_name=class_name, state=state)

    def __reduce__(self):
        return _reconstruct_persistent_obj, (self.meta,)


def build(class_name, tensors, kwargs):
    parameters, buffers, children = collections.OrderedDict(), collections.OrderedDict(), collections.OrderedDict()
    for name, tensor in tensors.items():
        first, _, rest = name.partition('.')
        if rest:
            children.setdefault(first, {})[rest] = tensor
        elif first in BUFFERS:
            buffers[first] = tensor
        else:
            parameters[first] = torch.nn.Parameter(tensor, requires_grad=False)
    modules = collections.OrderedDict((name, build('Layer', own, EasyDict(channels=np.int64(8)))) for name, own in children.items())
    return Persistent(class_name, dict(
        training=False, _parameters=parameters, _buffers=buffers, _non_persistent_buffers_set=set(), _backward_hooks=collections.OrderedDict(),
        _modules=modules, _init_args=(), _init_kwargs=kwargs))


class Network:
    """What dnnlib.tflib pickles of a network of TensorFlow."""

    def __init__(self, function, variables, components, **kwargs):
        self.state = dict(
            version=4, name=function, static_kwargs=kwargs, components=components, build_module_src='import tensorflow as tf\n',
            build_func_name=function, variables=list(variables.items()))

    def __getstate__(self):
        return self.state


for part in ('dnnlib.tflib', 'dnnlib.tflib.network'):
    module(part)
sys.modules['dnnlib.tflib.network'].Network = Network
Network.__module__ = 'dnnlib.tflib.network'


def tensorflow(tensors):
    """A generator of stylegan2-ada for TensorFlow with the same numbers: inputs before outputs, weights that go up reversed, styles without 1."""
    own, mapping, synthesis = {}, {}, {}
    for name, tensor in tensors.items():
        value = tensor.contiguous().numpy()
        part, *path = name.split('.')
        turned = np.ascontiguousarray(value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T)
        if path[-1] == 'resample_filter':
            continue
        if path == ['w_avg']:
            own['dlatent_avg'] = value
        elif part == 'mapping':
            layer = 'LabelEmbed' if path[0] == 'embed' else path[0].replace('fc', 'Dense')
            mapping[f'{layer}/{path[1]}'] = turned
        elif path[-1] == 'const':
            synthesis['4x4/Const/const'] = value[np.newaxis]
        else:
            size = int(path[0][1:])
            layer = {'conv0': 'Conv0_up', 'conv1': 'Conv1' if size > 4 else 'Conv', 'torgb': 'ToRGB'}[path[1]]
            if path[-1] == 'noise_const':
                index = 2 * (size.bit_length() - 1) - (5 if path[1] == 'conv0' else 4)
                synthesis[f'noise{index}'] = value[np.newaxis, np.newaxis]
                continue
            kind, value = {
                'affine.weight': ('mod_weight', turned), 'affine.bias': ('mod_bias', value - 1), 'bias': ('bias', value),
                'weight': ('weight', np.ascontiguousarray(turned[::-1, ::-1]) if path[1] == 'conv0' and value.ndim == 4 else turned),
                'noise_strength': ('noise_strength', value[()]),
            }['.'.join(path[2:])]
            synthesis[f'{size}x{size}/{layer}/{kind}'] = value
    kwargs = dict(num_channels=3, resolution=16, label_size=3, fmap_base=np.int64(64), conv_clamp=None)
    return Network('G_main', own, dict(mapping=Network('G_mapping', mapping, {}, dlatent_broadcast=6, **kwargs), synthesis=Network('G_synthesis', synthesis, {}, **kwargs)), **kwargs)


def read(path):
    with open(path, 'rb') as file:
        header = json.loads(file.read(struct.unpack('<Q', file.read(8))[0]))
        data = file.read()
    header.pop('__metadata__', None)
    return {name: torch.tensor(np.frombuffer(data[slice(*entry['data_offsets'])], np.float32).reshape(entry['shape'])) for name, entry in header.items()}


source, folder = sys.argv[1:]
state = read(source)
# As channels_last leaves weights: the same numbers in another order.
state = {name: tensor.t().contiguous().t() if tensor.dim() == 2 else tensor for name, tensor in state.items()}
generator = build('Generator', state, EasyDict(z_dim=16, synthesis_kwargs=EasyDict(conv_clamp=256, use_noise=True), mapping_kwargs=EasyDict(num_layers=2)))
for protocol in (3, 4, 5):
    with open(f'{folder}/protocol{protocol}.pkl', 'wb') as file:
        pickle.dump(dict(G=generator, D=None, G_ema=generator, training_set_kwargs=EasyDict(path='x.zip', use_labels=False)), file, protocol)
torch.save(collections.OrderedDict(state), f'{folder}/zip.pt')
torch.save({'G_ema': state}, f'{folder}/legacy.pt', _use_new_zipfile_serialization=False)
with open(f'{folder}/tensorflow.pkl', 'wb') as file:
    average = tensorflow(state)
    pickle.dump((average, Network('D_main', {}, {}), average), file, 4)
