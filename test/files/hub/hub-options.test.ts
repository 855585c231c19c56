import { describe, expect, test } from 'vitest';
import { type HubOptions, hubOptionsFromEnvironment } from '../../../src/files/hub/index.ts';

const defaults: HubOptions = {
  cacheFolder: '/home/me/.cache/huggingface/hub',
  endpoint: 'https://huggingface.co',
  connection: 'online',
};

describe('the options in environment variables', () => {
  test.each<[Record<string, string>, Partial<HubOptions>]>([
    [{}, {}],
    [{ HF_HOME: '/data/hf' }, { cacheFolder: '/data/hf/hub' }],
    [{ HF_HOME: '~/hf' }, { cacheFolder: '/home/me/hf/hub' }],
    [{ HF_HOME: '/data/hf', HF_HUB_CACHE: '/fast' }, { cacheFolder: '/fast' }],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HOME: '/data' }, { cacheFolder: '/old' }],
    [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' }, { cacheFolder: '/new' }],
    [{ XDG_CACHE_HOME: '/xdg' }, { cacheFolder: '/xdg/huggingface/hub' }],
    [{ XDG_CACHE_HOME: '/xdg', HF_HOME: '/data' }, { cacheFolder: '/data/hub' }],
    [{ HF_HUB_CACHE: '', HF_HOME: ' ' }, {}],
    [{ HF_HUB_CACHE: '~other/x' }, { cacheFolder: '~other/x' }],
    [{ HF_ENDPOINT: 'https://mirror.example/' }, { endpoint: 'https://mirror.example' }],
    [{ HF_TOKEN: 'hf_a' }, { token: 'hf_a' }],
    [{ HF_TOKEN: ' hf_a\n', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_a' }],
    [{ HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_b' }],
    [{ HF_HUB_OFFLINE: '1' }, { connection: 'offline' }],
    [{ HF_HUB_OFFLINE: 'True' }, { connection: 'offline' }],
    [{ TRANSFORMERS_OFFLINE: 'yes' }, { connection: 'offline' }],
    [{ HF_HUB_OFFLINE: '0' }, {}],
    [{ HF_HUB_OFFLINE: 'no' }, {}],
  ])('%j', (environment, expected) => {
    expect(hubOptionsFromEnvironment(environment, '/home/me')).toEqual({ ...defaults, ...expected });
  });
});
